/** What went wrong; stable, for machines. */
export type StorageErrorCode =
  /** No object under that key. */
  | "NOT_FOUND"
  /** `ifAbsent` and there is one, or `ifMatch` and it is another one. Nothing was written. */
  | "PRECONDITION_FAILED"
  | "INVALID_KEY"
  | "INVALID_RANGE"
  /** Bytes are not those that their digest names. */
  | "CORRUPT"
  | "NO_SPACE"
  | "ACCESS_DENIED"
  /** The location or option is not one that this version serves. */
  | "UNSUPPORTED"
  /** The caller's signal fired. */
  | "ABORTED"
  | "UNAVAILABLE"
  | "IO";

export interface StorageErrorInit {
  readonly code: StorageErrorCode;
  /** What was being done, and what was wrong with what. */
  readonly message: string;
  /** What a person can do about it. */
  readonly mend?: string;
  readonly cause?: unknown;
}

/** The one error of this package. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  readonly mend: string;

  constructor(init: StorageErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.mend = init.mend ?? "";
  }

  /** Whether the same call may succeed later without anybody changing it. NO_SPACE may: after somebody made room. */
  get kind(): "retryable" | "terminal" | "cancelled" {
    if (this.code === "ABORTED") return "cancelled";
    return this.code === "UNAVAILABLE" || this.code === "NO_SPACE" || this.code === "IO" ? "retryable" : "terminal";
  }
}

export const isStorageError = (error: unknown, ...codes: StorageErrorCode[]): error is StorageError =>
  error instanceof StorageError && (codes.length === 0 || codes.includes(error.code));
