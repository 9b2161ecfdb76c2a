import type { Paint } from "./paint.ts";
import { columns } from "./text.ts";

/** One thing that is wrong with a manifest. */
export interface ManifestProblem {
  readonly path: string;
  /** Counts from 1; 0 where the problem has no place in the file. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  readonly message: string;
  readonly mend: string;
}

/**
 * Problems as compilers print them: place, reason, message and mend, then the line with a caret under the place.
 * `source` is the manifest's text.
 */
export function problemLines(
  file: string,
  source: string,
  problems: readonly ManifestProblem[],
  width: number,
  paint: Paint,
): string[] {
  const lines = source.split(/\r?\n/);
  return problems
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .flatMap((problem) => [
      `${paint.strong(place(file, problem))} ${paint.bad(problem.reason)} ${field(problem)}${oneLine(problem.message)}${problem.mend === "" ? "" : ` — ${oneLine(problem.mend)}`}`,
      ...excerpt(lines[problem.line - 1], problem, width, paint),
    ]);
}

const place = (file: string, { line, column }: ManifestProblem): string =>
  line > 0 ? `${file}:${line}:${column}` : `${file}:`;

/** A problem without a place in the file is of what a field selects. */
const field = ({ line, path }: ManifestProblem): string => (line > 0 || path === "" ? "" : `${oneLine(path)}: `);

const oneLine = (text: string): string => visible(text).replaceAll(/\s+/g, " ").trim();

/** Keeps columns where they are: a control character becomes one visible character. */
const visible = (text: string): string => text.replaceAll("\t", " ").replaceAll(/[\p{Cc}\p{Cf}]/gu, "·");

function excerpt(
  line: string | undefined,
  { line: number, column }: ManifestProblem,
  width: number,
  paint: Paint,
): string[] {
  if (line === undefined || line.trim() === "") return [];
  const gutter = `${String(number).padStart(5)} │ `;
  const room = Math.max(20, width - gutter.length);
  // Far to the right, the window moves so that the caret stays visible.
  const from = column > room - 10 ? column - Math.floor(room / 2) : 0;
  const window = visible(line).slice(from, from + room);
  const caret = " ".repeat(columns(window.slice(0, Math.max(0, column - 1 - from))));
  return [paint.faint(gutter) + window, paint.faint(`${" ".repeat(5)} │ `) + caret + paint.bad("^")];
}
