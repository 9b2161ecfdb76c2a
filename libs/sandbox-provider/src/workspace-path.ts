import { SandboxError } from "./errors.ts";

/** A path below the workspace: relative, normal (`a/b`), free of `.` and `..`; empty for the workspace itself. */
export type WorkspacePath = string & { readonly __brand: "WorkspacePath" };

const MAX_PATH_BYTES = 4_095;
const MAX_NAME_BYTES = 255;

/**
 * Checks a path that a caller wrote. This is about meaning, not containment: links inside the workspace are resolved
 * inside the sandbox, where nothing but the sandbox can be reached.
 *
 * @throws {SandboxError} `PATH_INVALID`, which says what is wrong with it.
 */
export function WorkspacePath(text: string): WorkspacePath {
  const wrong = problemOf(text);
  if (wrong !== undefined) {
    throw new SandboxError(
      "PATH_INVALID",
      `path ${JSON.stringify(text.slice(0, 200))} ${wrong}`,
      "give a path relative to the workspace, without `.` or `..`",
    );
  }
  return text as WorkspacePath;
}

/** A {@link WorkspacePath} that names something below the workspace. */
export function filePath(text: string): WorkspacePath {
  const path = WorkspacePath(text);
  if (path !== "") return path;
  throw new SandboxError("PATH_INVALID", "the path is empty", "name a file below the workspace");
}

/** First component: `inputs` of `inputs/records/a.txt`. */
export const topOf = (path: WorkspacePath): string => path.split("/")[0] ?? "";

/** @throws {SandboxError} `PATH_READ_ONLY` if the path is one of the read-only folders or lies below one. */
export function assertWritable(path: WorkspacePath, readOnlyTops: readonly string[]): void {
  if (!readOnlyTops.includes(topOf(path))) return;
  throw new SandboxError(
    "PATH_READ_ONLY",
    `path ${JSON.stringify(path)} lies below ${JSON.stringify(topOf(path))}, which is mounted read-only`,
    "write elsewhere in the workspace",
  );
}

function problemOf(text: string): string | undefined {
  if (text === "") return undefined;
  if (text.startsWith("/")) return "is absolute";
  if (text.includes("\0")) return "contains a NUL";
  if (!text.isWellFormed()) return "is not well-formed Unicode";
  if (Buffer.byteLength(text) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  for (const name of text.split("/")) {
    if (name === "") return "has an empty component";
    if (name === "." || name === "..") return `has a component ${JSON.stringify(name)}`;
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `has a component longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
}
