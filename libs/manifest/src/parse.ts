import { findInconsistencies } from "./consistency.ts";
import type { Problem } from "./problem.ts";
import { type Manifest, manifestSchema } from "./schema/manifest.ts";
import { findingsOf } from "./schema-findings.ts";
import { readDocument } from "./source-document.ts";

export type ParseResult =
  | {
      readonly ok: true;
      readonly manifest: Manifest;
      /** Gives problems that were found later (in inputs, say) their line and column in the manifest's text. */
      locate(problems: readonly Problem[]): Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ParseOptions {
  /** Name of the file in messages. */
  readonly path: string;
}

/**
 * Reads a manifest in YAML 1.2 or JSON. Never throws. Everything that is wrong comes at once, sorted by place, each
 * problem with its line and column.
 *
 * @example
 * const result = parseManifest(await readFile(path, "utf8"), { path });
 * if (!result.ok) for (const problem of result.problems) console.error(formatProblem(problem, path));
 */
export function parseManifest(text: string, _options: ParseOptions): ParseResult {
  const document = readDocument(text);
  if (document.value === undefined) return { ok: false, problems: document.problems };
  const parsed = manifestSchema.safeParse(document.value);
  const findings = [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue, document.value))),
    ...findInconsistencies(document.value),
  ];
  const problems = [
    ...document.problems,
    ...findings.map(({ path, at, ...what }) => document.problemAt(path, at, what)),
  ];
  if (parsed.success && problems.length === 0) {
    return { ok: true, manifest: parsed.data, locate: (later) => later.map((problem) => document.locate(problem)) };
  }
  return { ok: false, problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}
