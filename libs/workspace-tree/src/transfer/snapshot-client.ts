import type { snapshot } from "@cofferdam/contracts";
import { callOptions, readStream, rpc, RpcError } from "@cofferdam/service";
import { type Digest, digestOf, isDigest } from "@cofferdam/storage";
import { Metadata } from "@grpc/grpc-js";
import { TreeError } from "../errors.ts";
import { parseTree, snapshotDigest } from "../tree/canonical.ts";
import type { Tree } from "../tree/tree.ts";

/** The generated client of SnapshotService. */
export type SnapshotClient = snapshot.SnapshotServiceClient;

/** Digests in one request: some 70 bytes each. */
const DIGESTS_PER_REQUEST = 20_000;
const TRANSFER_TIMEOUT_MS = 600_000;

/** Which of these chunks the store lacks. */
export async function missingChunks(
  client: SnapshotClient,
  team: string,
  digests: readonly Digest[],
  signal?: AbortSignal,
): Promise<Set<Digest>> {
  const missing = new Set<Digest>();
  for (let at = 0; at < digests.length; at += DIGESTS_PER_REQUEST) {
    const request = { team, digests: digests.slice(at, at + DIGESTS_PER_REQUEST) };
    const answer = await rpc<snapshot.MissingRequest, snapshot.MissingResponse>(
      client.missing.bind(client),
      request,
      signal === undefined ? {} : { signal },
    );
    for (const digest of answer.digests) if (isDigest(digest)) missing.add(digest);
  }
  return missing;
}

export interface ChunkUpload {
  /** Waits while the store is slower than the sender. `data` belongs to the upload from here on. */
  send(digest: Digest, data: Uint8Array): Promise<void>;
  /** Resolves when all that was sent is durable. */
  finish(): Promise<snapshot.PutChunksResponse>;
  /** Ends the call without result, if it still runs. */
  cancel(): void;
}

/** Opens a PutChunks stream. */
export function uploadChunks(client: SnapshotClient, team: string, signal?: AbortSignal): ChunkUpload {
  const { promise, resolve, reject } = Promise.withResolvers<snapshot.PutChunksResponse>();
  // Who waits for room must not wait for a call that has ended.
  let wake: (() => void) | undefined;
  let ended = false;
  const call = client.putChunks(new Metadata(), callOptions({ timeoutMs: TRANSFER_TIMEOUT_MS }), (error, answer) => {
    signal?.removeEventListener("abort", cancel);
    if (error === null) resolve(answer);
    else reject(RpcError.from(error));
    ended = true;
    wake?.();
  });
  // Whoever sends or finishes next awaits it.
  promise.catch(() => undefined);
  // The callback reports it.
  call.on("error", () => undefined);
  call.on("drain", () => wake?.());
  const cancel = () => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  return {
    async send(digest, data) {
      if (ended) await promise;
      const drained = new Promise<void>((done) => (wake = done));
      if (!call.write({ team, digest, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }))
        await drained;
    },
    finish() {
      call.end();
      return promise;
    },
    cancel,
  };
}

/** The chunks of a restore, straight from the store. */
export async function* downloadChunks(
  client: SnapshotClient,
  team: string,
  digests: readonly Digest[],
  signal?: AbortSignal,
): AsyncGenerator<snapshot.GetChunksResponse> {
  const call = client.getChunks({ team, digests: [...digests] }, callOptions({ timeoutMs: TRANSFER_TIMEOUT_MS }));
  yield* readStream(call, signal);
}

export interface FetchedTree {
  readonly tree: Tree;
  readonly treeDigest: Digest;
  /** Of the snapshot that was asked for; "" for none, and when a tree was asked for. */
  readonly parentDigest: Digest | "";
}

/**
 * The tree of a snapshot or tree digest, verified against that digest.
 *
 * @throws RpcError NOT_FOUND; TreeError CORRUPT
 */
export async function fetchTree(
  client: SnapshotClient,
  request: { readonly team: string; readonly digest: string; readonly signal?: AbortSignal },
): Promise<FetchedTree> {
  const { team, digest, signal } = request;
  const options = { timeoutMs: TRANSFER_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const answer = await rpc<snapshot.GetRequest, snapshot.GetResponse>(
    client.get.bind(client),
    { team, digest },
    options,
  );
  const treeDigest = digestOf(answer.tree);
  const parentDigest = isDigest(answer.parentDigest) ? answer.parentDigest : "";
  if (treeDigest === digest) return { tree: parseTree(answer.tree), treeDigest, parentDigest: "" };
  if (snapshotDigest(treeDigest, parentDigest) === digest)
    return { tree: parseTree(answer.tree), treeDigest, parentDigest };
  throw new TreeError({
    code: "CORRUPT",
    message: `snapshot ${digest}: the tree that came has digest ${treeDigest}, parent ${JSON.stringify(parentDigest)}`,
    mend: "verify the snapshot store",
  });
}
