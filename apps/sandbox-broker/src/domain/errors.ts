import { SandboxError, type SandboxErrorCode } from "@cofferdam/sandbox-provider";
import { RpcError, type StatusName } from "@cofferdam/service";
import { TreeError, type TreeErrorCode } from "@cofferdam/workspace-tree";

const statusOf: Readonly<Record<SandboxErrorCode, StatusName>> = {
  ARGUMENT_INVALID: "INVALID_ARGUMENT",
  PATH_INVALID: "INVALID_ARGUMENT",
  PATH_READ_ONLY: "PERMISSION_DENIED",
  FILE_NOT_FOUND: "NOT_FOUND",
  FILE_NOT_REGULAR: "FAILED_PRECONDITION",
  FILE_FORBIDDEN: "PERMISSION_DENIED",
  FILE_TOO_LARGE: "OUT_OF_RANGE",
  WRITE_REFUSED: "FAILED_PRECONDITION",
  SANDBOX_LOST: "UNAVAILABLE",
  START_FAILED: "FAILED_PRECONDITION",
  FREEZE_FAILED: "ABORTED",
  DESTROY_FAILED: "INTERNAL",
  UIDS_EXHAUSTED: "RESOURCE_EXHAUSTED",
  TIER_UNAVAILABLE: "FAILED_PRECONDITION",
  BUBBLEWRAP_NOT_FOUND: "FAILED_PRECONDITION",
  BUBBLEWRAP_TOO_OLD: "FAILED_PRECONDITION",
  USER_NAMESPACES_DENIED: "FAILED_PRECONDITION",
};

const statusOfTree: Readonly<Record<TreeErrorCode, StatusName>> = {
  INVALID_TREE: "DATA_LOSS",
  INVALID_PATH: "INVALID_ARGUMENT",
  ESCAPES: "FAILED_PRECONDITION",
  LIMIT_EXCEEDED: "OUT_OF_RANGE",
  CHANGED: "ABORTED",
  CORRUPT: "DATA_LOSS",
  NOT_FOUND: "NOT_FOUND",
  NOT_EMPTY: "INTERNAL",
  NO_SPACE: "RESOURCE_EXHAUSTED",
  ACCESS_DENIED: "INTERNAL",
  UNSUPPORTED: "FAILED_PRECONDITION",
  ABORTED: "CANCELLED",
  IO: "UNAVAILABLE",
};

/** What crosses the wire for a failure of a provider or a tree; everything else passes unchanged. */
export function toRpcError(error: unknown): unknown {
  if (error instanceof SandboxError) return rpcError(statusOf[error.code], error);
  if (error instanceof TreeError) return rpcError(statusOfTree[error.code], error);
  return isDiskFull(error) ? diskFull(error) : error;
}

const SQLITE_FULL = 13;

function isDiskFull(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  if ("errcode" in error && error.errcode === SQLITE_FULL) return true;
  return "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

const diskFull = (cause: unknown): RpcError =>
  new RpcError({
    status: "RESOURCE_EXHAUSTED",
    reason: "DISK_FULL",
    message: "the disk of the sandbox broker is full",
    mend: "free space on it, then try again",
    cause,
  });

const rpcError = (status: StatusName, cause: SandboxError | TreeError): RpcError =>
  new RpcError({ status, reason: cause.code, message: cause.message, mend: cause.mend, cause });

export const invalid = (field: string, message: string, mend: string): RpcError =>
  new RpcError({
    status: "INVALID_ARGUMENT",
    reason: "ARGUMENT_INVALID",
    message: `${field} ${message}`,
    mend,
    metadata: { field },
  });

const lostMend = "acquire another sandbox and restore the last checkpoint";

/** The sandbox ended while the call was under way. */
export const lostNow = (sandboxId: string, why: string): RpcError =>
  new RpcError({
    status: "UNAVAILABLE",
    reason: "SANDBOX_LOST",
    message: `sandbox ${sandboxId} was lost: ${why}`,
    mend: lostMend,
    metadata: { sandboxId },
  });

/** The sandbox had ended before the call. */
export const lostBefore = (sandboxId: string, why: string): RpcError =>
  new RpcError({
    status: "NOT_FOUND",
    reason: "SANDBOX_LOST",
    message: `sandbox ${sandboxId} is gone: ${why}`,
    mend: lostMend,
    metadata: { sandboxId },
  });

export const fenced = (log: string, epoch: number, highest: number): RpcError =>
  new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "FENCED",
    message: `epoch ${epoch} of log ${log} is over: epoch ${highest} owns it`,
    mend: "stop: another worker has taken the log over",
    metadata: { log, epoch: String(epoch), highest: String(highest) },
  });
