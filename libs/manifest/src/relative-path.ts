import type { ProblemReason } from "./problem.ts";

/** Why a path was refused. */
export interface PathFault {
  readonly reason: ProblemReason;
  readonly message: string;
  readonly mend: string;
}

const fault = (reason: ProblemReason, message: string, mend: string): PathFault => ({ reason, message, mend });

/** Longest path and longest name that every file system here takes, in UTF-8 bytes (PATH_MAX less a root, NAME_MAX). */
const MAX_PATH_BYTES = 1_024;
const MAX_NAME_BYTES = 255;

// Control characters, line and paragraph separators, zero-width and bidirectional controls, and lone surrogates: a
// person who reads such a path in a view or a log sees another path than the one that is opened.
const deceptive = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Checks a path that must stay below its root, whatever the file system beneath does with it: no `..`, no absolute or
 * drive path, no backslash, no control or invisible character, no percent-encoding, and in Unicode's composed form
 * (NFC). Returns undefined for a path that is right. `.` as a whole names the root where `allowRoot` is set.
 */
export function checkRelativePath(text: string, options: { readonly allowRoot?: boolean } = {}): PathFault | undefined {
  const shown = JSON.stringify(text);
  const relative = "write a relative path with forward slashes, such as out/report.csv";
  if (text === "") return fault("INVALID_PATH", "the path is empty", relative);
  if (deceptive.test(text)) {
    return fault("INVALID_PATH", `path ${shown} contains a control or invisible character`, "remove that character");
  }
  if (text.includes("\\")) return fault("INVALID_PATH", `path ${shown} contains a backslash`, relative);
  if (text.startsWith("/") || /^[A-Za-z]:/.test(text)) {
    return fault("PATH_ESCAPES", `path ${shown} is absolute`, relative);
  }
  if (text.startsWith("~")) return fault("PATH_ESCAPES", `path ${shown} names a home folder`, relative);
  if (/%[0-9A-Fa-f]{2}/.test(text)) {
    return fault("INVALID_PATH", `path ${shown} is percent-encoded`, "write the character itself");
  }
  if (text !== text.normalize("NFC")) {
    return fault(
      "INVALID_PATH",
      `path ${shown} is not in Unicode NFC`,
      `write ${JSON.stringify(text.normalize("NFC"))}`,
    );
  }
  if (Buffer.byteLength(text) > MAX_PATH_BYTES) {
    return fault("INVALID_PATH", `path is longer than ${MAX_PATH_BYTES} bytes`, "shorten it");
  }
  return checkNames(text, options.allowRoot === true);
}

function checkNames(text: string, allowRoot: boolean): PathFault | undefined {
  const shown = JSON.stringify(text);
  const names = normalizeRelativePath(text).split("/");
  if (names.includes("..")) {
    return fault("PATH_ESCAPES", `path ${shown} goes up with ".."`, "name a place below the root, without ..");
  }
  if (names.join("") === "") {
    return allowRoot
      ? undefined
      : fault("INVALID_PATH", `path ${shown} names the root itself`, "name a place below it");
  }
  for (const name of names) {
    if (name === "" || name === ".") {
      return fault("INVALID_PATH", `path ${shown} has an empty or "." segment`, "remove it");
    }
    if (/^\s|[\s.]$/.test(name)) {
      return fault(
        "INVALID_PATH",
        `name ${JSON.stringify(name)} begins or ends with a space, or ends with a dot`,
        "rename it",
      );
    }
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      return fault("INVALID_PATH", `a name in the path is longer than ${MAX_NAME_BYTES} bytes`, "shorten it");
    }
  }
  return undefined;
}

/** Drops a leading `./` and a trailing `/`; `.` becomes the empty path. */
export const normalizeRelativePath = (text: string): string => {
  const body = text.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  return body === "." ? "" : body;
};

/** Paths with the same key are one file on a file system that ignores case or Unicode form. */
export const collisionKey = (path: string): string => path.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase();

/** Whether `inner` is `outer` or stands below it; both normalised. */
export const isWithin = (inner: string, outer: string): boolean =>
  outer === "" || inner === outer || inner.startsWith(`${outer}/`);
