import type { snapshot } from "@cofferdam/contracts";
import { type Call, clientStream, serverStream, unary } from "@cofferdam/service";
import { type Digest, digestOf, isDigest } from "@cofferdam/storage";
import { MAX_CHUNK_BYTES } from "@cofferdam/workspace-tree";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import { SnapshotStoreError } from "../domain/snapshot-store-error.ts";
import type { Repository } from "./repository.ts";
import { rpcError } from "./rpc-error.ts";

/** SnapshotService over a repository, for one team. */
export function snapshotHandlers(repository: Repository, team: string): UntypedServiceImplementation {
  const ours = <Q extends { readonly team: string }>(request: Q): Q => {
    if (request.team === team) return request;
    throw new SnapshotStoreError({
      code: "WRONG_TEAM",
      message: `this store serves another team than ${JSON.stringify(request.team)}`,
      mend: "call the team's own snapshot store",
    });
  };
  return {
    missing: answering(async (request: snapshot.MissingRequest) => ({
      digests: repository.missing(ours(request).digests.map(digest)),
    })),
    putChunks: clientStream((requests: AsyncIterable<snapshot.PutChunksRequest>, call: Call) =>
      translated(async () => {
        const stored = await repository.putChunks(verified(requests, ours));
        call.signal.throwIfAborted();
        return stored;
      }),
    ),
    commit: answering(async (request: snapshot.CommitRequest) => {
      const { tree, parentDigest, label, log, epoch } = ours(request);
      if (log === "") throw invalid("log is empty");
      const parent = parentDigest === "" ? "" : digest(parentDigest);
      const done = await repository.commit({ tree, parent, label, log, epoch });
      return { snapshotDigest: done.snapshot, treeDigest: done.tree };
    }),
    get: answering(async (request: snapshot.GetRequest) => {
      const { bytes, treeDigest, parentDigest } = await repository.tree(digest(ours(request).digest));
      return { tree: bytes, treeDigest, parentDigest };
    }),
    getChunks: serverStream(async function* (request: snapshot.GetChunksRequest, call: Call) {
      try {
        const chunks = repository.chunks(ours(request).digests.map(digest), call.signal);
        for await (const chunk of chunks) yield { digest: chunk.digest, data: Buffer.from(chunk.data) };
      } catch (error) {
        throw rpcError(error);
      }
    }),
    stats: answering(async (request: snapshot.StatsRequest) => {
      ours(request);
      const { chunks, storedBytes, snapshots } = repository.catalog.counts;
      return { chunks, storedBytes, snapshots };
    }),
  };
}

const answering = <Q, R>(handler: (request: Q) => Promise<R>) =>
  unary((request: Q) => translated(() => handler(request)));

async function translated<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw rpcError(error);
  }
}

async function* verified(
  requests: AsyncIterable<snapshot.PutChunksRequest>,
  ours: (request: snapshot.PutChunksRequest) => snapshot.PutChunksRequest,
): AsyncGenerator<{ readonly digest: Digest; readonly data: Uint8Array }> {
  for await (const request of requests) {
    const { digest: named, data } = ours(request);
    if (data.length === 0 || data.length > MAX_CHUNK_BYTES) {
      throw invalid(`chunk ${named} has ${data.length} bytes; 1 to ${MAX_CHUNK_BYTES} are allowed`);
    }
    if (digestOf(data) !== digest(named)) {
      throw new SnapshotStoreError({
        code: "DIGEST_MISMATCH",
        message: `chunk ${named}: the bytes sent have digest ${digestOf(data)}`,
        mend: "send the chunk again",
        metadata: { digest: named },
      });
    }
    yield { digest: digest(named), data };
  }
}

function digest(text: string): Digest {
  if (isDigest(text)) return text;
  throw invalid(`${JSON.stringify(text.slice(0, 100))} is no digest`);
}

const invalid = (message: string) =>
  new SnapshotStoreError({ code: "INVALID_REQUEST", message, mend: "digests are sha256:<64 lowercase hex digits>" });
