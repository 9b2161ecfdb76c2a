import type { snapshot } from "@cofferdam/contracts";
import { rpc, RpcError } from "@cofferdam/service";
import { Digest } from "@cofferdam/storage";
import { scan, type Skipped } from "../files/scan.ts";
import { selectFiles } from "../files/select-files.ts";
import type { StatCache } from "../files/stat-cache.ts";
import { encodeTree } from "../tree/canonical.ts";
import type { TreePath } from "../tree/path.ts";
import type { ChunkRef, Tree, TreeLimits } from "../tree/tree.ts";
import { type ChunkUpload, missingChunks, type SnapshotClient, uploadChunks } from "./snapshot-client.ts";

export interface PushTarget {
  readonly team: string;
  /** Snapshot before this one; "" or absent for none. */
  readonly parent?: string;
  /** Log on whose behalf, and the epoch under which it is owned: a stale one is refused with reason FENCED. */
  readonly log: string;
  readonly epoch: number;
  /** For people: `<run>/<task> step 7`. */
  readonly label?: string;
  readonly limits?: Partial<TreeLimits>;
  readonly signal?: AbortSignal;
}

export interface Pushed {
  readonly snapshotDigest: Digest;
  readonly treeDigest: Digest;
  readonly tree: Tree;
  /** Chunks and bytes that the store did not have; bytes before compression. */
  readonly sentChunks: number;
  readonly sentBytes: number;
}

export interface PushedScan extends Pushed {
  /** For the next push of the same directory. */
  readonly cache: StatCache;
  readonly skipped: readonly Skipped[];
  readonly readFiles: number;
  readonly readBytes: number;
}

/**
 * Checkpoints a directory: scans it, stores the chunks that the store lacks, commits the snapshot. Only what `previous` does not know unchanged is
 * read, once.
 *
 * @throws RpcError (reasons FENCED, MISSING_CHUNKS, …); TreeError
 */
export async function pushTree(
  client: SnapshotClient,
  request: PushTarget & {
    readonly root: string;
    readonly exclude?: readonly TreePath[];
    /** From the last push of this directory, or from the pull that made it. */
    readonly previous?: StatCache;
  },
): Promise<PushedScan> {
  const { root, exclude, previous, limits, signal } = request;
  const push = async (known: StatCache | undefined): Promise<PushedScan> => {
    const sender = new ChunkSender(client, request);
    const scanned = await sender.sending((onChunk) =>
      scan(root, {
        onChunk,
        ...(exclude === undefined ? {} : { exclude }),
        ...(known === undefined ? {} : { previous: known }),
        ...(limits === undefined ? {} : { limits }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    return { ...scanned, ...(await commit(client, request, scanned.tree)), ...sender.sent };
  };
  try {
    return await push(previous);
  } catch (error) {
    // The store lost what the cache relied on, or the cache was of another store: everything is offered again.
    if (previous === undefined || !(error instanceof RpcError) || error.reason !== "MISSING_CHUNKS") throw error;
    return push(undefined);
  }
}

/**
 * Commits chosen files of a folder as a read-only tree ({@link selectFiles}): how `file:` inputs are pinned.
 *
 * @throws RpcError; TreeError
 */
export async function pushFiles(
  client: SnapshotClient,
  request: PushTarget & { readonly root: string; readonly paths: readonly TreePath[] },
): Promise<Pushed> {
  const { root, paths, limits, signal } = request;
  const sender = new ChunkSender(client, request);
  const tree = await sender.sending((onChunk) =>
    selectFiles(root, paths, {
      onChunk,
      ...(limits === undefined ? {} : { limits }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  return { ...(await commit(client, request, tree)), ...sender.sent };
}

async function commit(client: SnapshotClient, request: PushTarget, tree: Tree) {
  const { team, log, epoch, parent = "", label = "", signal } = request;
  const answer = await rpc<snapshot.CommitRequest, snapshot.CommitResponse>(
    client.commit.bind(client),
    { team, tree: encodeTree(tree), parentDigest: parent, label, epoch, log },
    { timeoutMs: 120_000, ...(signal === undefined ? {} : { signal }) },
  );
  return { tree, snapshotDigest: Digest(answer.snapshotDigest), treeDigest: Digest(answer.treeDigest) };
}

/** Bytes held while the store is asked which of them it lacks. */
const WINDOW_BYTES = 16 << 20;

/** Collects chunks as they are read, asks in windows which are missing, and sends those. */
class ChunkSender {
  readonly #client: SnapshotClient;
  readonly #team: string;
  readonly #signal: AbortSignal | undefined;
  readonly #seen = new Set<Digest>();
  #window = new Map<Digest, Buffer>();
  #windowBytes = 0;
  #upload: ChunkUpload | undefined;
  #sentChunks = 0;
  #sentBytes = 0;

  constructor(client: SnapshotClient, { team, signal }: PushTarget) {
    this.#client = client;
    this.#team = team;
    this.#signal = signal;
  }

  get sent(): { readonly sentChunks: number; readonly sentBytes: number } {
    return { sentChunks: this.#sentChunks, sentBytes: this.#sentBytes };
  }

  /** Runs a reading whose chunks all are durable when this returns. */
  async sending<T>(read: (onChunk: (chunk: ChunkRef, bytes: Uint8Array) => Promise<void>) => Promise<T>): Promise<T> {
    try {
      const result = await read((chunk, bytes) => this.#offer(chunk, bytes));
      await this.#flush();
      await this.#upload?.finish();
      return result;
    } catch (error) {
      this.#upload?.cancel();
      throw error;
    }
  }

  async #offer(chunk: ChunkRef, bytes: Uint8Array): Promise<void> {
    if (this.#seen.has(chunk.digest)) return;
    this.#seen.add(chunk.digest);
    this.#window.set(chunk.digest, Buffer.from(bytes));
    this.#windowBytes += bytes.byteLength;
    if (this.#windowBytes >= WINDOW_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const window = this.#window;
    this.#window = new Map();
    this.#windowBytes = 0;
    for (const digest of await missingChunks(this.#client, this.#team, [...window.keys()], this.#signal)) {
      const bytes = window.get(digest);
      if (bytes === undefined) continue;
      this.#upload ??= uploadChunks(this.#client, this.#team, this.#signal);
      await this.#upload.send(digest, bytes);
      this.#sentChunks++;
      this.#sentBytes += bytes.byteLength;
    }
  }
}
