/** Why a request is refused; the reason that callers see. */
export type SnapshotStoreErrorCode =
  /** A commit names chunks that are not durable. */
  | "MISSING_CHUNKS"
  /** A commit names a parent that is no snapshot here. */
  | "MISSING_PARENT"
  /** A log's newer owner has committed before. */
  | "FENCED"
  | "WRONG_TEAM"
  | "INVALID_REQUEST"
  | "DIGEST_MISMATCH";

export interface SnapshotStoreErrorInit {
  readonly code: SnapshotStoreErrorCode;
  readonly message: string;
  readonly mend?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The one error of this service. */
export class SnapshotStoreError extends Error {
  override readonly name = "SnapshotStoreError";
  readonly code: SnapshotStoreErrorCode;
  readonly mend: string;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(init: SnapshotStoreErrorInit) {
    super(init.message);
    this.code = init.code;
    this.mend = init.mend ?? "";
    this.metadata = init.metadata ?? {};
  }
}
