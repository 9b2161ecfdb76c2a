import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { Ajv, type ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ContentFile } from "./content-file.ts";

/** What is wrong with one document: where it stands in its file, and why it does not fit. */
export interface DocumentFault {
  /** Line in the file, from 1; undefined for the file as a whole. */
  readonly line: number | undefined;
  readonly message: string;
}

/** Checks files against a JSON Schema; yields at most `limit` faults. */
export type DocumentCheck = (file: ContentFile, limit: number) => AsyncGenerator<DocumentFault>;

/** Largest single JSON document that is checked. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

/**
 * Compiles a JSON Schema of dialect 2020-12 (or draft-07 where `$schema` says so). `format` is an annotation, as 2020-12
 * has it. Throws an Error that says what is wrong with the schema.
 */
export function compileDocumentCheck(schema: Readonly<Record<string, unknown>>): DocumentCheck {
  const draft7 = typeof schema["$schema"] === "string" && schema["$schema"].includes("draft-07");
  const ajv = new (draft7 ? Ajv : Ajv2020)({ allErrors: false, strict: false, validateFormats: false, logger: false });
  const validate = ajv.compile(schema);
  const faultOf = (text: string, line: number | undefined): DocumentFault | undefined => {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (error) {
      return { line, message: error instanceof Error ? `not JSON: ${error.message}` : "not JSON" };
    }
    return validate(document) ? undefined : { line, message: explain(validate.errors?.[0]) };
  };
  return async function* check(file, limit) {
    if (/\.(?:jsonl|ndjson)$/i.test(file.path)) {
      yield* checkLines(file, faultOf, limit);
    } else if (file.sizeBytes > MAX_DOCUMENT_BYTES) {
      yield { line: undefined, message: `has more than ${MAX_DOCUMENT_BYTES} bytes; write .jsonl instead` };
    } else {
      const fault = faultOf(await readAll(file), undefined);
      if (fault !== undefined) yield fault;
    }
  };
}

async function readAll(file: ContentFile): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

async function* checkLines(
  file: ContentFile,
  faultOf: (text: string, line: number) => DocumentFault | undefined,
  limit: number,
): AsyncGenerator<DocumentFault> {
  const lines = createInterface({ input: Readable.from(file.read()), crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  let faults = 0;
  for await (const text of lines) {
    line++;
    const fault = text.trim() === "" ? undefined : faultOf(text, line);
    if (fault === undefined) continue;
    yield fault;
    if (++faults >= limit) return;
  }
}

function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return "does not fit the schema";
  const at = error.instancePath === "" ? "the document" : error.instancePath;
  const detail = error.keyword === "additionalProperties" ? `: ${String(error.params["additionalProperty"])}` : "";
  return `${at} ${error.message ?? "does not fit"}${detail}`;
}
