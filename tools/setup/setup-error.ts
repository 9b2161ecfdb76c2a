/** What stopped the set-up; stable, for machines. */
export type SetupErrorCode = (typeof CODES)[number];

const CODES = [
  "NPM_FAILED",
  "REGISTRY_UNREACHABLE",
  "INTEGRITY_MISMATCH",
  "DISK_FULL",
  "NO_PERMISSION",
  "PROGRAM_MISSING",
  "ARCHIVE_FAILED",
  "DATA_PACK_INVALID",
] as const;

/** Exit status of a set-up that could not get what it needs (ExitCode.ENVIRONMENT of @cofferdam/service). */
export const EXIT_ENVIRONMENT = 4;

/** Every failure of the set-up: what was being done, what was wrong, and the mend. */
export class SetupError extends Error {
  override readonly name = "SetupError";
  readonly code: SetupErrorCode;
  /** What a person can do about it. */
  readonly mend: string;

  constructor(code: SetupErrorCode, message: string, mend: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.mend = mend;
  }

  /** Files what npm and the system refuse under its code; anything else is a defect and stays as it is. */
  static from(error: unknown, doing: string): unknown {
    if (error instanceof SetupError || !(error instanceof Error) || !("code" in error)) return error;
    const code = CODES.find((one) => one === error.code);
    if (code !== undefined && "mend" in error) return new SetupError(code, error.message, String(error.mend), error);
    const path = "path" in error ? String(error.path) : "the checkout";
    if (error.code === "ENOSPC" || error.code === "EDQUOT") {
      return new SetupError(
        "DISK_FULL",
        `${doing}: no space left at ${path}`,
        "free disk space and start again",
        error,
      );
    }
    if (error.code === "EACCES" || error.code === "EPERM" || error.code === "EROFS") {
      const mend = `make ${path} writable for this user, or set COFFERDAM_CACHE to a folder that is`;
      return new SetupError("NO_PERMISSION", `${doing}: may not write ${path}`, mend, error);
    }
    return error;
  }
}
