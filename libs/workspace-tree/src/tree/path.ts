import { TreeError } from "../errors.ts";

/**
 * A path within a tree: `/`-separated names, relative, none empty, `.` or `..`.
 *
 * Names are bytes on disk and text here. Text is the names' UTF-8, where a backslash is written `\\` and a byte that belongs to no
 * valid UTF-8 sequence `\xHH`. So each path on disk has exactly one text, which is well-formed Unicode and passes through JSON,
 * protobuf and terminals; ordinary names stand as they are.
 */
export type TreePath = string & { readonly __brand: "TreePath" };

/** Limits of Linux (NAME_MAX, PATH_MAX). */
export const MAX_NAME_BYTES = 255;
export const MAX_PATH_BYTES = 4_095;

const ordinary = /^[^\\\uD800-\uDFFF]*$/;

/** The text of bytes from a file system, for names and link targets. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  // Invalid bytes decode to U+FFFD, which is three bytes again; a real U+FFFD survives the round trip.
  if (!text.includes("\\") && (!text.includes("\uFFFD") || Buffer.from(text).equals(buffer))) return text;
  return escaped(buffer);
}

function escaped(bytes: Buffer): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    if (length === 0) text += `\\x${(bytes[i] ?? 0).toString(16).padStart(2, "0")}`;
    else text += bytes.toString("utf8", i, i + length).replace("\\", "\\\\");
    i += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the valid UTF-8 sequence that starts at `at`; 0 when none does (RFC 3629: shortest form, no surrogates). */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const slice = bytes.subarray(at, at + length);
  return slice.length === length && Buffer.from(slice.toString("utf8")).equals(slice) ? length : 0;
}

/** The bytes of a text made by {@link textOfBytes}. @throws TreeError INVALID_PATH */
export function bytesOfText(text: string): Buffer {
  if (ordinary.test(text)) return Buffer.from(text);
  if (!text.isWellFormed()) throw invalid(text, "is not well-formed Unicode");
  const parts: Buffer[] = [];
  for (const [, plain = "", byte, rest] of text.matchAll(/([^\\]+|\\\\)|\\x([0-9a-f]{2})|(\\)/g)) {
    if (rest !== undefined) throw invalid(text, "has a backslash that escapes nothing");
    parts.push(
      byte === undefined ? Buffer.from(plain.replace("\\\\", "\\")) : Buffer.from([Number.parseInt(byte, 16)]),
    );
  }
  const bytes = Buffer.concat(parts);
  if (textOfBytes(bytes) !== text) throw invalid(text, "is not the one text of its bytes");
  return bytes;
}

/** The path of a plain text, whose backslashes are meant literally: `treePath("notes\\a.md")`. @throws TreeError INVALID_PATH */
export const treePath = (plain: string): TreePath => parseTreePath(plain.replaceAll("\\", "\\\\"));

/** Checks a text in the form of {@link TreePath}. @throws TreeError INVALID_PATH */
export function parseTreePath(text: string): TreePath {
  const bytes = bytesOfText(text);
  if (bytes.length === 0) throw invalid(text, "is empty");
  if (bytes.includes(0)) throw invalid(text, "contains NUL");
  if (bytes.length > MAX_PATH_BYTES) throw invalid(text, `is longer than ${MAX_PATH_BYTES} bytes`);
  if (text.startsWith("/")) throw invalid(text, "is absolute");
  for (const name of text.split("/")) {
    if (name === "") throw invalid(text, "has an empty name");
    if (name === "." || name === "..") throw invalid(text, "has a name `.` or `..`");
    if (name.length > 63 && bytesOfText(name).length > MAX_NAME_BYTES) {
      throw invalid(text, `has a name of more than ${MAX_NAME_BYTES} bytes`);
    }
  }
  return text as TreePath;
}

/** Order of the names' bytes, which is the order of entries in a tree. */
export function comparePaths(a: TreePath, b: TreePath): number {
  if (a === b) return 0;
  if (byteOrdered.test(a) && byteOrdered.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(bytesOfText(a), bytesOfText(b));
}

/** UTF-16 order is UTF-8 order below the surrogates. */
const byteOrdered = /^[^\\\uD800-\uFFFF]*$/;

/** Undefined for a path of one name. */
export function parentOf(path: TreePath): TreePath | undefined {
  const end = path.lastIndexOf("/");
  return end < 0 ? undefined : (path.slice(0, end) as TreePath);
}

export const nameOf = (path: TreePath): string => path.slice(path.lastIndexOf("/") + 1);

/** Whether `path` is `folder` or lies below it. */
export const isWithin = (path: TreePath, folder: TreePath): boolean => path === folder || path.startsWith(`${folder}/`);

const invalid = (text: string, problem: string) =>
  new TreeError({
    code: "INVALID_PATH",
    message: `path ${JSON.stringify(text.slice(0, 200))} ${problem}`,
    mend: "use a relative path of non-empty names",
  });
