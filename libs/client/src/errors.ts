import { RpcError } from "@cofferdam/service";

/** What kind of thing went wrong; `reason` says exactly what. */
export type CofferdamErrorCode =
  /** The request is wrong: a manifest with problems, a malformed id. */
  | "INVALID"
  | "NOT_FOUND"
  /** An idempotency key was used before for something else. */
  | "CONFLICT"
  /** The caller may not do this. */
  | "DENIED"
  /** The state of the run, or of the installation, does not allow it. */
  | "PRECONDITION"
  /** A quota or size is reached. */
  | "LIMIT"
  /** The service cannot be reached, or not in time. */
  | "UNAVAILABLE"
  /** The caller cancelled. */
  | "CANCELLED"
  /** What the service sent cannot be understood: it is newer than this client, or damaged. */
  | "PROTOCOL"
  | "INTERNAL";

/** Whether the same call may succeed when repeated, never will, or was given up by the caller. */
export type ErrorClass = "retryable" | "terminal" | "cancelled";

/** The one error that this package throws. */
export class CofferdamError extends Error {
  override readonly name = "CofferdamError";
  readonly code: CofferdamErrorCode;
  /** UPPER_SNAKE_CASE, stable; e.g. `RUN_NOT_FOUND`. */
  readonly reason: string;
  /** What the caller can do about it; may be empty. */
  readonly mend: string;
  /** Names the field or resource. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly class: ErrorClass;

  constructor(init: {
    readonly code: CofferdamErrorCode;
    readonly reason: string;
    readonly message: string;
    readonly mend?: string;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly class?: ErrorClass;
    readonly cause?: unknown;
  }) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.reason = init.reason;
    this.mend = init.mend ?? "";
    this.metadata = init.metadata ?? {};
    this.class = init.class ?? "terminal";
  }

  /** Understands whatever a call threw. */
  static from(error: unknown): CofferdamError {
    if (error instanceof CofferdamError) return error;
    const rpc = RpcError.from(error);
    const code = codes[rpc.status] ?? "INTERNAL";
    return new CofferdamError({
      code,
      reason: rpc.reason,
      message: rpc.message,
      mend: rpc.mend,
      metadata: rpc.metadata,
      class: code === "CANCELLED" ? "cancelled" : rpc.retryable ? "retryable" : "terminal",
      cause: error,
    });
  }
}

const codes: Readonly<Partial<Record<string, CofferdamErrorCode>>> = {
  INVALID_ARGUMENT: "INVALID",
  OUT_OF_RANGE: "INVALID",
  NOT_FOUND: "NOT_FOUND",
  ALREADY_EXISTS: "CONFLICT",
  ABORTED: "CONFLICT",
  PERMISSION_DENIED: "DENIED",
  UNAUTHENTICATED: "DENIED",
  FAILED_PRECONDITION: "PRECONDITION",
  UNIMPLEMENTED: "PRECONDITION",
  RESOURCE_EXHAUSTED: "LIMIT",
  UNAVAILABLE: "UNAVAILABLE",
  DEADLINE_EXCEEDED: "UNAVAILABLE",
  CANCELLED: "CANCELLED",
};
