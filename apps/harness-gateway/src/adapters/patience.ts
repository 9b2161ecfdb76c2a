import { setTimeout as sleep } from "node:timers/promises";
import { RpcError } from "@cofferdam/service";
import { type BlobStore, isStorageError } from "@cofferdam/storage";

/** Longest that a worker waits for a service that is away before it gives its task back. */
const PATIENCE_MS = 300_000;

/**
 * Asks again while the service behind a call is away. Only for calls that are safe to repeat: each carries a key, or
 * changes nothing. This is the worker's one retry layer.
 */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pause = 50; ; pause = Math.min(pause * 2, 2_000)) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error) || performance.now() > deadline) throw error;
    }
    await sleep(pause, undefined, { signal });
  }
}

/** UNAVAILABLE with one of these reasons is an answer, and asking again under the same key gets it again. */
const answers = new Set(["SANDBOX_LOST", "MODEL_UNAVAILABLE"]);

/** Bodies that wait for room on a full disk: what ran, or was paid for, is worth waiting for a person to make some. */
export function patientBlobs(blobs: BlobStore, signal: AbortSignal): BlobStore {
  return { ...blobs, put: (...body) => patiently(() => blobs.put(...body), signal) };
}

/** A disk, ours or a service's, is full: nobody's fault in the run, and mended by a person while the run waits. */
const isFull = (error: unknown): boolean =>
  isStorageError(error, "NO_SPACE") ||
  (error instanceof RpcError && error.status === "RESOURCE_EXHAUSTED" && fullDisks.has(error.reason));

const fullDisks = new Set(["NO_SPACE", "DISK_FULL"]);

/** The service, or one that it needs, did not answer or has no room to, as opposed to answering that it can't. */
export function isAway(error: unknown): boolean {
  if (isFull(error)) return true;
  if (!(error instanceof RpcError)) return false;
  if (error.status === "UNAVAILABLE") return !answers.has(error.reason);
  const transport = error.reason === error.status;
  return transport && (error.status === "CANCELLED" || brokenStream(error));
}

const brokenStream = (error: RpcError): boolean =>
  (error.status === "INTERNAL" || error.status === "UNKNOWN") && /RST_STREAM|connection|socket/i.test(error.message);
