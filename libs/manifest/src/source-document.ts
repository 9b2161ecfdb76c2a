import { Lexer, LineCounter, type Node, parseDocument } from "yaml";
import { limits } from "./limits.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";
import { newPlace, offsetAt, offsetAtDotted, type Path, positionOf } from "./source-place.ts";
import { MAX_DEPTH, type SourceReport, SourceWalker } from "./source-walker.ts";

/** A parsed document that still knows where everything stands in its text. */
export interface SourceDocument {
  /** Plain data: objects without a prototype, arrays, text, numbers, booleans and null. */
  readonly value: unknown;
  /** Syntax errors, duplicate keys, too deep, too many aliases. */
  readonly problems: readonly Problem[];
  /** Builds a problem that points at the value at `path`, at its key, or at the nearest parent that exists. */
  problemAt(path: Path, at: "key" | "value", what: Omit<Problem, "path" | "line" | "column">): Problem;
  /** Gives a problem that was found outside the text its place in it. */
  locate(problem: Problem): Problem;
}

/** Parsing costs some ten microseconds a token, lexing a tenth of that. */
const MAX_TOKENS = 100_000;

/** Reads YAML 1.2 (hence JSON). Never throws. */
export function readDocument(text: string): SourceDocument {
  const lines = new LineCounter();
  const root = newPlace(0, 0);
  const problems: Problem[] = [];
  const report = (offset: number, path: Path, reason: ProblemReason, message: string, mend: string) =>
    problems.push({ path: dottedPath(path), ...positionOf(lines, offset), reason, message, mend });
  const document: Omit<SourceDocument, "value"> = {
    problems,
    problemAt: (path, at, what) => ({
      path: dottedPath(path),
      ...positionOf(lines, offsetAt(root, path, at)),
      ...what,
    }),
    locate: (problem) =>
      problem.line > 0 ? problem : { ...problem, ...positionOf(lines, offsetAtDotted(root, problem.path)) },
  };

  if (Buffer.byteLength(text) > limits.document.max) {
    report(0, [], "TOO_LARGE", `the manifest is larger than ${limits.document.max} bytes`, "move data to inputs");
    return { ...document, value: undefined };
  }
  if (hasTooManyTokens(text)) {
    report(0, [], "TOO_LARGE", `the manifest has more than ${MAX_TOKENS} tokens`, "move data to inputs");
    return { ...document, value: undefined };
  }
  const contents = parseYaml(text, lines, report);
  if (contents === undefined) return { ...document, value: undefined };
  const walker = new SourceWalker(report);
  // Problems of the document as a whole point at its first node, not at a comment above it.
  root.key = root.value = contents.range?.[0] ?? 0;
  return { ...document, value: walker.value(contents, [], root) };
}

function hasTooManyTokens(text: string): boolean {
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) if (++tokens > MAX_TOKENS) return true;
  return false;
}

function parseYaml(text: string, lines: LineCounter, report: SourceReport): Node | undefined {
  try {
    const parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // Ours, below: the parser's compares every pair of keys.
      uniqueKeys: false,
      strict: true,
      version: "1.2",
      merge: false,
      // "silent" would also keep a second document from being an error.
      logLevel: "error",
    });
    for (const error of [...parsed.errors, ...parsed.warnings]) {
      const several = error.code === "MULTIPLE_DOCS";
      const mend = several ? "keep one document per file" : "correct the syntax here";
      report(error.pos[0], [], "SYNTAX", several ? "the text holds more than one document" : error.message, mend);
    }
    if (parsed.errors.length + parsed.warnings.length > 0) return undefined;
    if (parsed.contents === null) {
      report(0, [], "SYNTAX", "the manifest is empty", "start from an example");
      return undefined;
    }
    return parsed.contents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(0, [], "TOO_LARGE", "the manifest is nested too deeply", `nest at most ${MAX_DEPTH} levels`);
    return undefined;
  }
}
