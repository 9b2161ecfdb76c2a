/** What can go wrong with a sandbox; stable, for machines. */
export type SandboxErrorCode =
  | "ARGUMENT_INVALID"
  | "PATH_INVALID"
  | "PATH_READ_ONLY"
  | "FILE_NOT_FOUND"
  | "FILE_NOT_REGULAR"
  | "FILE_FORBIDDEN"
  | "FILE_TOO_LARGE"
  | "WRITE_REFUSED"
  | "SANDBOX_LOST"
  | "START_FAILED"
  | "FREEZE_FAILED"
  | "DESTROY_FAILED"
  | "UIDS_EXHAUSTED"
  | "TIER_UNAVAILABLE"
  | "BUBBLEWRAP_NOT_FOUND"
  | "BUBBLEWRAP_TOO_OLD"
  | "USER_NAMESPACES_DENIED";

/** Every failure of a provider: what was being done, what was wrong with what, and the mend. */
export class SandboxError extends Error {
  override readonly name = "SandboxError";
  readonly code: SandboxErrorCode;
  /** What a caller or an operator can do about it. */
  readonly mend: string;

  constructor(code: SandboxErrorCode, message: string, mend: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.mend = mend;
  }

  /** True if the same call may succeed later without anything being changed. */
  get retryable(): boolean {
    return this.code === "UIDS_EXHAUSTED" || this.code === "SANDBOX_LOST";
  }
}
