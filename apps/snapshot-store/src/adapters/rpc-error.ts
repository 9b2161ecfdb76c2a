import { RpcError, type StatusName } from "@cofferdam/service";
import { StorageError, type StorageErrorCode } from "@cofferdam/storage";
import { TreeError, type TreeErrorCode } from "@cofferdam/workspace-tree";
import { SnapshotStoreError, type SnapshotStoreErrorCode } from "../domain/snapshot-store-error.ts";

const refusals: Readonly<Record<SnapshotStoreErrorCode, StatusName>> = {
  MISSING_CHUNKS: "FAILED_PRECONDITION",
  MISSING_PARENT: "FAILED_PRECONDITION",
  FENCED: "FAILED_PRECONDITION",
  WRONG_TEAM: "PERMISSION_DENIED",
  INVALID_REQUEST: "INVALID_ARGUMENT",
  DIGEST_MISMATCH: "INVALID_ARGUMENT",
};

const trees: Readonly<Partial<Record<TreeErrorCode, StatusName>>> = {
  INVALID_TREE: "INVALID_ARGUMENT",
  INVALID_PATH: "INVALID_ARGUMENT",
  LIMIT_EXCEEDED: "INVALID_ARGUMENT",
  NOT_FOUND: "NOT_FOUND",
  CORRUPT: "DATA_LOSS",
  ABORTED: "CANCELLED",
};

const storage: Readonly<Partial<Record<StorageErrorCode, StatusName>>> = {
  NO_SPACE: "RESOURCE_EXHAUSTED",
  ACCESS_DENIED: "UNAVAILABLE",
  UNAVAILABLE: "UNAVAILABLE",
  IO: "UNAVAILABLE",
  ABORTED: "CANCELLED",
  // An object that the catalog names is gone, or shorter than it was.
  NOT_FOUND: "DATA_LOSS",
  INVALID_RANGE: "DATA_LOSS",
  CORRUPT: "DATA_LOSS",
};

/** What callers are told. Anything unforeseen stays what it is: an internal error without text. */
export function rpcError(error: unknown): unknown {
  if (error instanceof SnapshotStoreError) {
    const { message, mend, metadata } = error;
    return new RpcError({ status: refusals[error.code], reason: error.code, message, mend, metadata, cause: error });
  }
  const status =
    error instanceof TreeError ? trees[error.code] : error instanceof StorageError ? storage[error.code] : undefined;
  if (status === undefined || !(error instanceof TreeError || error instanceof StorageError)) return error;
  const reason = status === "DATA_LOSS" ? "CORRUPT" : error.code;
  return new RpcError({ status, reason, message: error.message, mend: error.mend, cause: error });
}
