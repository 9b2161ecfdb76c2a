import { StorageError } from "./errors.ts";

/** A key that every store can hold. */
export type ObjectKey = string & { readonly __brand: "ObjectKey" };

/** S3, GCS and Azure end at 1,024 bytes. */
export const MAX_KEY_BYTES = 1_024;

/**
 * Checks a key: 1 to 1,024 bytes of well-formed Unicode in `/`-separated segments, none of them empty, `.` or `..`, no NUL.
 * So a key can neither leave its root nor name two objects in one store and one in another.
 *
 * @throws StorageError INVALID_KEY
 */
export function parseKey(key: string): ObjectKey {
  const problem = problemOf(key);
  if (problem === undefined) return key as ObjectKey;
  throw new StorageError({
    code: "INVALID_KEY",
    message: `key ${JSON.stringify(key.slice(0, 200))} ${problem}`,
    mend: "use a relative key of `/`-separated, non-empty segments",
  });
}

function problemOf(key: string): string | undefined {
  if (key === "") return "is empty";
  if (!key.isWellFormed()) return "is not well-formed Unicode";
  if (key.includes("\0")) return "contains NUL";
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  if (key.startsWith("/")) return "is absolute";
  const segments = key.split("/");
  if (segments.includes("")) return "has an empty segment";
  if (segments.includes(".") || segments.includes("..")) return "has a segment `.` or `..`";
  return undefined;
}

/** Order of object stores: by UTF-8 bytes, which is not the order of JavaScript's strings. */
export const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
