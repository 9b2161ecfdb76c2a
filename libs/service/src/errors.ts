import { Metadata, type ServiceError, status } from "@grpc/grpc-js";

/** gRPC status names that Cofferdam uses. */
export type StatusName = keyof typeof status;

export interface RpcErrorInit {
  readonly status: StatusName;
  /** UPPER_SNAKE_CASE, stable: what a machine acts on (google.rpc.ErrorInfo.reason). */
  readonly reason: string;
  /** What was being done, and what was wrong with what. */
  readonly message: string;
  /** What the caller can do about it. */
  readonly mend?: string;
  /** Names the field or resource (google.rpc.ErrorInfo.metadata). No secrets, no bodies. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The error that crosses a gRPC boundary, on both sides of it. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly status: StatusName;
  readonly reason: string;
  readonly mend: string;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(init: RpcErrorInit) {
    super(init.message, { cause: init.cause });
    this.status = init.status;
    this.reason = init.reason;
    this.mend = init.mend ?? "";
    this.metadata = init.metadata ?? {};
  }

  /** UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED and DEADLINE_EXCEEDED may succeed when tried again. */
  get retryable(): boolean {
    return ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED"].includes(this.status);
  }

  /** Understands what a gRPC client threw, an RpcError, or anything else (which becomes INTERNAL without its text leaking). */
  static from(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    if (isServiceError(error)) {
      const info = error.metadata.get(INFO_KEY)[0];
      const parsed = info === undefined ? {} : parseInfo(info.toString());
      return new RpcError({
        status: statusName(error.code),
        reason: parsed.reason ?? statusName(error.code),
        message: error.details,
        mend: parsed.mend ?? "",
        metadata: parsed.metadata ?? {},
        cause: error,
      });
    }
    return new RpcError({ status: "INTERNAL", reason: "INTERNAL", message: "internal error", cause: error });
  }

  toServiceError(): Partial<ServiceError> {
    const metadata = new Metadata();
    metadata.set(INFO_KEY, encodeURIComponent(JSON.stringify(infoOf(this))));
    return { code: status[this.status], details: this.message, metadata };
  }
}

/** Trailer that carries reason, domain, mend and metadata of an error (the fields of google.rpc.ErrorInfo) as URI-encoded JSON. */
const INFO_KEY = "cofferdam-error-info";

const infoOf = (e: RpcError): object => ({
  reason: e.reason,
  domain: "cofferdam.dev",
  mend: e.mend,
  metadata: e.metadata,
});

function parseInfo(text: string): { reason?: string; mend?: string; metadata?: Record<string, string> } {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    return {};
  }
}

const isServiceError = (e: unknown): e is ServiceError =>
  e instanceof Error && "code" in e && typeof e.code === "number" && "metadata" in e && e.metadata instanceof Metadata;

const statusName = (code: number): StatusName => {
  const name: string | undefined = status[code];
  return name === undefined ? "UNKNOWN" : (name as StatusName);
};
