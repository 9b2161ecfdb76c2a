/** What went wrong; stable, for machines. */
export type TreeErrorCode =
  /** Not the canonical form of a tree that can exist below one directory. */
  | "INVALID_TREE"
  | "INVALID_PATH"
  /** A path or link leads out of its root. */
  | "ESCAPES"
  | "LIMIT_EXCEEDED"
  /** The directory changed while it was read. */
  | "CHANGED"
  /** Bytes are not those that their digest names. */
  | "CORRUPT"
  | "NOT_FOUND"
  /** The directory to restore into holds something already. */
  | "NOT_EMPTY"
  | "NO_SPACE"
  | "ACCESS_DENIED"
  /** This platform lacks what is needed. */
  | "UNSUPPORTED"
  | "ABORTED"
  | "IO";

export interface TreeErrorInit {
  readonly code: TreeErrorCode;
  /** What was being done, and what was wrong with what. */
  readonly message: string;
  /** What a person can do about it. */
  readonly mend?: string;
  readonly cause?: unknown;
}

/** The one error of this package. */
export class TreeError extends Error {
  override readonly name = "TreeError";
  readonly code: TreeErrorCode;
  readonly mend: string;

  constructor(init: TreeErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.mend = init.mend ?? "";
  }

  /** Whether the same call may succeed later without anybody changing the tree. */
  get kind(): "retryable" | "terminal" | "cancelled" {
    if (this.code === "ABORTED") return "cancelled";
    return this.code === "CHANGED" || this.code === "NO_SPACE" || this.code === "IO" ? "retryable" : "terminal";
  }
}
