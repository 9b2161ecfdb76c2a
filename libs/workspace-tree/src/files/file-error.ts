import { TreeError, type TreeErrorCode } from "../errors.ts";

const codes: Readonly<Record<string, readonly [TreeErrorCode, string]>> = {
  ENOENT: ["CHANGED", "keep the directory still while it is read"],
  ENOTDIR: ["CHANGED", "keep the directory still while it is read"],
  // open(2) with O_NOFOLLOW on a symbolic link.
  ELOOP: ["CHANGED", "keep the directory still while it is read"],
  // readlink(2) of what was a link a moment ago.
  EINVAL: ["CHANGED", "keep the directory still while it is read"],
  EEXIST: ["NOT_EMPTY", "restore into an empty directory"],
  ENOTEMPTY: ["NOT_EMPTY", "restore into an empty directory"],
  ENOSPC: ["NO_SPACE", "free space on that file system, then try again"],
  EDQUOT: ["NO_SPACE", "raise the quota or free space, then try again"],
  EACCES: ["ACCESS_DENIED", "give this user the permission"],
  EPERM: ["ACCESS_DENIED", "give this user the permission"],
  EROFS: ["ACCESS_DENIED", "mount the file system writable"],
};

/** By shape, not class: a VM context has an Error class of its own. */
export const errnoOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";

/** The {@link TreeError} of what Node threw while `doing` ("read x"). */
export function fileError(error: unknown, doing: string): TreeError {
  if (error instanceof TreeError) return error;
  const errno = errnoOf(error);
  const [code, mend] = codes[errno] ?? ["IO", "look at the file system's health"];
  return new TreeError({ code, message: `${doing}: ${errno === "" ? "failed" : errno}`, mend, cause: error });
}
