import { compileDocumentCheck, type DocumentCheck } from "./document-schema.ts";
import { mediaTypeOf } from "./expectations.ts";
import { satisfiesMediaType } from "./media-type.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";
import type { Output } from "./schema/output.ts";
import type { ContentFile } from "./content-file.ts";
import { formatSize } from "./units.ts";

/** Problems of one output that are spelled out. */
const MAX_PROBLEMS = 20;

type Report = (reason: ProblemReason, field: string, message: string, mend: string) => void;

/**
 * Checks what a task left for an output, before anything is published: how many files, how many bytes, their media type
 * by content, and the JSON Schema of their documents. The schema must stand in the manifest itself
 * (see {@link inlineFiles}); only .json, .jsonl and .ndjson files are held against it.
 */
export async function checkOutputExpectations(
  name: string,
  output: Output,
  files: readonly ContentFile[],
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const report: Report = (reason, field, message, mend) => {
    if (problems.length >= MAX_PROBLEMS) return;
    const path = dottedPath(["spec", "outputs", name, ...field.split(".")]);
    problems.push({ path, line: 0, column: 0, reason, message, mend });
  };
  const { minFiles, maxBytes, mediaType, schema } = output.expect;
  if (files.length < minFiles) {
    const message = `${output.path} holds ${files.length} files, and at least ${minFiles} are expected`;
    report(
      "OUTPUT_MISSING",
      "expect.minFiles",
      message,
      "read what the agent did; its instructions may not name the path",
    );
  }
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes > maxBytes) {
    const message = `${output.path} has ${sizeBytes} bytes, and the limit is ${maxBytes} (${formatSize(maxBytes)})`;
    report("OUTPUT_TOO_LARGE", "expect.maxBytes", message, "raise expect.maxBytes, or have the agent write less");
    return problems;
  }
  if (mediaType !== undefined) await checkMediaTypes(files, mediaType, report);
  if (schema !== undefined) await checkDocuments(files, schema, report);
  return problems;
}

async function checkMediaTypes(files: readonly ContentFile[], expected: string, report: Report): Promise<void> {
  for (const file of files) {
    const found = await mediaTypeOf(file);
    if (satisfiesMediaType(found, expected)) continue;
    report(
      "OUTPUT_MEDIA_TYPE",
      "expect.mediaType",
      `${file.path} is ${found} by its content, not ${expected}`,
      "have the agent write that type",
    );
  }
}

async function checkDocuments(
  files: readonly ContentFile[],
  schema: string | Readonly<Record<string, unknown>>,
  report: Report,
): Promise<void> {
  if (typeof schema === "string") throw new TypeError(`the schema ${schema} was not put into the manifest`);
  let check: DocumentCheck;
  try {
    check = compileDocumentCheck(schema);
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    return report("FILE_INVALID", "expect.schema", `the JSON Schema cannot be used: ${why}`, "correct the schema");
  }
  for (const file of files) {
    if (!/\.(?:json|jsonl|ndjson)$/i.test(file.path)) continue;
    for await (const { line, message } of check(file, MAX_PROBLEMS)) {
      const where = line === undefined ? file.path : `${file.path}:${line}`;
      report(
        "OUTPUT_INVALID",
        "expect.schema",
        `${where}: ${message}`,
        "have the agent write documents that fit the schema",
      );
    }
  }
}
