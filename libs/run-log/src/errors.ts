/** What can go wrong with a log; stable, for machines. */
export type RunLogErrorCode =
  /** Another owner has the log. Stop, drop credentials. */
  | "FENCED"
  /** The log has ended; nothing can follow. */
  | "TERMINAL"
  | "NOT_FOUND"
  /** A newer version wrote events that this one cannot read. */
  | "UNKNOWN_EVENT_TYPE"
  /** The caller asked for an event that the state does not allow: a defect of the caller. */
  | "INVALID_TRANSITION"
  /** The engine did not answer within the time for retries. Whether the events were written is not known. */
  | "UNAVAILABLE"
  /** The engine refuses to store more. */
  | "STORAGE_FULL"
  /** The engine lost events that it had acknowledged. */
  | "REWOUND"
  | "SERVER_TOO_OLD"
  | "STREAM_MISCONFIGURED"
  | "CLOSED";

/** What a caller may do: try again later, never, or nothing because it was told to stop. */
export type RunLogErrorKind = "retryable" | "terminal" | "cancelled";

const kinds: Record<RunLogErrorCode, RunLogErrorKind> = {
  FENCED: "cancelled",
  TERMINAL: "terminal",
  NOT_FOUND: "terminal",
  UNKNOWN_EVENT_TYPE: "terminal",
  INVALID_TRANSITION: "terminal",
  UNAVAILABLE: "retryable",
  STORAGE_FULL: "retryable",
  REWOUND: "terminal",
  SERVER_TOO_OLD: "terminal",
  STREAM_MISCONFIGURED: "terminal",
  CLOSED: "cancelled",
};

/** Every failure of this package: what was being done, what was wrong with what, and the mend. */
export class RunLogError extends Error {
  override readonly name = "RunLogError";
  readonly code: RunLogErrorCode;
  /** What a person can do about it; empty where nothing is needed. */
  readonly mend: string;

  constructor(code: RunLogErrorCode, message: string, mend = "", cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.mend = mend;
  }

  get kind(): RunLogErrorKind {
    return kinds[this.code];
  }
}
