import { StorageError, type StorageErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, readonly [StorageErrorCode, string]>> = {
  ENOENT: ["NOT_FOUND", ""],
  ENOTDIR: ["NOT_FOUND", ""],
  EISDIR: ["NOT_FOUND", ""],
  ENOSPC: ["NO_SPACE", "free space on that file system, then try again"],
  EDQUOT: ["NO_SPACE", "raise the quota or free space, then try again"],
  EFBIG: ["NO_SPACE", "raise the file size limit of this process"],
  EACCES: ["ACCESS_DENIED", "give this user the permission"],
  EPERM: ["ACCESS_DENIED", "give this user the permission"],
  EROFS: ["ACCESS_DENIED", "mount the file system writable, or choose another place"],
  ENAMETOOLONG: ["INVALID_KEY", "shorten each segment to 255 bytes"],
  ELOOP: ["ACCESS_DENIED", "replace the symbolic link by a file"],
  EMFILE: ["UNAVAILABLE", "raise the limit of open files"],
  ENFILE: ["UNAVAILABLE", "raise the limit of open files"],
};

/** The errno name (`ENOENT`) of what Node threw, or "". By shape, not class: a VM context has an Error class of its own. */
export const errnoOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";

/** The {@link StorageError} of what Node threw while `doing` ("put x at file:///y"). */
export function storageError(error: unknown, doing: string): StorageError {
  if (error instanceof StorageError) return error;
  const errno = errnoOf(error);
  if (errno === "ABORT_ERR") return aborted(doing, error);
  const [code, mend] = codes[errno] ?? ["IO", "look at the file system's health"];
  return new StorageError({ code, message: `${doing}: ${errno === "" ? "failed" : errno}`, mend, cause: error });
}

export const aborted = (doing: string, cause?: unknown) =>
  new StorageError({ code: "ABORTED", message: `${doing}: the caller gave up`, cause });
