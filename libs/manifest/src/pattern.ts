import picomatch from "picomatch";
import type { PathFault } from "./relative-path.ts";

/** Longest pattern, in UTF-16 units. */
const MAX_PATTERN = 256;
/** Wildcards multiply the time that a match can take; no honest pattern needs more. */
const MAX_WILDCARDS = 24;

const fault = (message: string, mend: string): PathFault => ({ reason: "INVALID_PATTERN", message, mend });

/** Drops a leading `./`, which picomatch would look for in the path. */
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
  if ((text.match(/[*?[{(]/g)?.length ?? 0) > MAX_WILDCARDS) {
    return fault(`pattern ${shown} has more than ${MAX_WILDCARDS} wildcards`, "split it");
  }
  return undefined;
}

/** Whether a path (relative, forward slashes) is selected. Dot files match like others. */
export function createSelector(include: readonly string[], exclude: readonly string[]): (path: string) => boolean {
  const options = { dot: true, nonegate: true, noextglob: true, maxLength: MAX_PATTERN, windows: false };
  const selected = picomatch(tidy(include), options);
  const dropped = exclude.length === 0 ? () => false : picomatch(tidy(exclude), options);
  return (path) => selected(path) && !dropped(path);
}
