import { GlobError, parseGlob } from "./glob.ts";
import type { PathFault } from "./relative-path.ts";

/** Longest pattern, in UTF-16 units. */
const MAX_PATTERN = 256;

const fault = (message: string, mend: string): PathFault => ({ reason: "INVALID_PATTERN", message, mend });

/** Drops a leading `./`: paths are written without. */
const tidy = (list: readonly string[]) => list.map((p) => p.replace(/^(?:\.\/)+/, ""));

/** Checks a glob pattern that selects paths below a root. */
export function checkPattern(text: string): PathFault | undefined {
  const shown = JSON.stringify(text);
  if (tidy([text]).join("") === "") return fault("the pattern is empty", "write a pattern such as **/*.xml");
  if (text.length > MAX_PATTERN) return fault(`the pattern is longer than ${MAX_PATTERN}`, "split it");
  if (/[\p{Cc}\p{Cs}\\]/u.test(text)) {
    return fault(`pattern ${shown} has a control character or a backslash`, "use forward slashes and plain characters");
  }
  if (text.startsWith("!")) return fault(`pattern ${shown} is negated`, "write it under exclude, without !");
  if (text.startsWith("/") || text.split("/").includes("..")) {
    return {
      reason: "PATH_ESCAPES",
      message: `pattern ${shown} leaves the input`,
      mend: "write it relative to `from`",
    };
  }
  try {
    parseGlob(text);
  } catch (error) {
    if (!(error instanceof GlobError)) throw error;
    return fault(`pattern ${shown}: ${error.message}`, "correct it, or split it");
  }
  return undefined;
}

/** Whether a path (relative, forward slashes) is selected. */
export function createSelector(include: readonly string[], exclude: readonly string[]): (path: string) => boolean {
  const selected = tidy(include).map(parseGlob);
  const dropped = tidy(exclude).map(parseGlob);
  return (path) => selected.some((glob) => glob.matches(path)) && !dropped.some((glob) => glob.matches(path));
}
