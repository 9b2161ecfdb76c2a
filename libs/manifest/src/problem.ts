/** What is wrong with a manifest or with what it selects. Stable: programs act on these. */
export type ProblemReason =
  /** Not YAML or JSON. */
  | "SYNTAX"
  /** More than 1 MiB, too deep, or too many aliases. */
  | "TOO_LARGE"
  | "DUPLICATE_KEY"
  | "UNKNOWN_FIELD"
  | "MISSING_FIELD"
  | "WRONG_TYPE"
  /** Right type, wrong value. */
  | "INVALID_VALUE"
  | "INVALID_NAME"
  | "INVALID_SIZE"
  | "INVALID_DURATION"
  | "INVALID_COUNT"
  /** Above the ceiling, or below the least that works. */
  | "OUT_OF_RANGE"
  | "INVALID_PATH"
  /** The path would leave its root. */
  | "PATH_ESCAPES"
  | "PATH_RESERVED"
  /** Two outputs would write to one place. */
  | "PATH_COLLISION"
  | "INVALID_LOCATION"
  | "INVALID_PATTERN"
  | "SECRET_VALUE"
  | "RESERVED_VARIABLE"
  | "UNKNOWN_REFERENCE"
  /** Fields that contradict each other. */
  | "CONFLICT"
  /** Known and planned, but not carried out by this version: refused rather than ignored. */
  | "UNSUPPORTED"
  /** A file beside the manifest (instructions, schema, script) is not there or cannot be read. */
  | "FILE_MISSING"
  | "FILE_INVALID"
  | "INPUT_MISSING"
  | "INPUT_EMPTY"
  | "INPUT_UNREADABLE"
  /** A file name that cannot be carried into a workspace. */
  | "INPUT_NAME"
  /** A link that leads out of the input's folder. */
  | "INPUT_LINK_ESCAPES"
  | "INPUT_NOT_A_FILE"
  | "INPUT_TOO_MANY_FILES"
  | "INPUT_TOO_LARGE"
  | "INPUT_FILE_TOO_LARGE"
  | "INPUT_MEDIA_TYPE"
  | "INPUT_NOT_UTF8"
  | "INPUT_CHANGED"
  | "OUTPUT_MISSING"
  | "OUTPUT_TOO_LARGE"
  | "OUTPUT_MEDIA_TYPE"
  /** A document in an output that does not fit its JSON Schema, or is no JSON. */
  | "OUTPUT_INVALID";

/** One thing that is wrong, where it stands, and what to do about it. */
export interface Problem {
  /** Dotted path of the field, e.g. `spec.inputs.records.limits.bytes`; empty for the document as a whole. */
  readonly path: string;
  /** Counts from 1. 0 where the problem is not in the manifest's text. */
  readonly line: number;
  /** Counts from 1, in UTF-16 units as editors do. 0 where the problem is not in the manifest's text. */
  readonly column: number;
  readonly reason: ProblemReason;
  readonly message: string;
  /** What to do about it. */
  readonly mend: string;
}

/** Path segments as they are written in {@link Problem.path}; a segment that is no plain name is quoted. */
export function dottedPath(segments: readonly PropertyKey[]): string {
  return segments
    .map((s, i) => {
      if (typeof s === "number") return `[${s}]`;
      const text = String(s);
      const name = /^[A-Za-z_][\w-]*$/.test(text) ? text : JSON.stringify(text);
      return i === 0 ? name : `.${name}`;
    })
    .join("");
}

/** One line of text per problem, as compilers print them: `file:line:column reason message (mend)`. */
export function formatProblem(problem: Problem, file: string): string {
  const at = problem.line > 0 ? `${file}:${problem.line}:${problem.column}` : file;
  const field = problem.path === "" ? "" : `${problem.path}: `;
  return `${at}  ${problem.reason}  ${field}${problem.message}\n    mend: ${problem.mend}`;
}
