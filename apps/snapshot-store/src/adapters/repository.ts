import type { Logger } from "@cofferdam/service";
import { type Digest, digestOf, isStorageError, type ObjectStore } from "@cofferdam/storage";
import {
  type BuiltPack,
  type Catalog,
  chunksIn,
  type CommitRecord,
  type IndexedPack,
  loadCatalog,
  PackBuilder,
  packKey,
  parseTree,
  readChunks,
  readTree,
  snapshotDigest,
  TREE_CHUNKS,
  writeIndex,
} from "@cofferdam/workspace-tree";
import { requireComplete, requireCurrentEpoch } from "../domain/commit-rules.ts";
import { Turns } from "./turns.ts";

/** Packs without index object from which one is written. */
const INDEX_EVERY = 256;

export interface RepositoryOptions {
  readonly logger: Logger;
  readonly now: () => Date;
}

export interface CommitInput {
  /** Canonical JSON. */
  readonly tree: Uint8Array;
  readonly parent: Digest | "";
  readonly log: string;
  readonly epoch: number;
  readonly label: string;
}

/** Opens the packs of an object store and what is known of them. */
export async function openRepository(store: ObjectStore, options: RepositoryOptions): Promise<Repository> {
  const started = performance.now();
  const { catalog, uncovered } = await loadCatalog(store);
  for (const [object, problem] of catalog.damaged) options.logger.error({ object, problem }, "an object is damaged");
  const loadMs = Math.round(performance.now() - started);
  options.logger.info({ ...catalog.counts, load_ms: loadMs, location: store.location }, "catalog loaded");
  return new Repository(store, catalog, uncovered, options);
}

/** Chunks and snapshots in packs. Everything becomes known in memory only after its pack is durable. */
export class Repository {
  readonly #store: ObjectStore;
  readonly #catalog: Catalog;
  readonly #options: RepositoryOptions;
  readonly #turns = new Turns();
  #uncovered: IndexedPack[];
  #indexing: Promise<void> | undefined;

  constructor(store: ObjectStore, catalog: Catalog, uncovered: readonly IndexedPack[], options: RepositoryOptions) {
    this.#store = store;
    this.#catalog = catalog;
    this.#uncovered = [...uncovered];
    this.#options = options;
    this.#indexWhenDue();
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  missing(digests: readonly Digest[]): Digest[] {
    return digests.filter((digest) => this.#catalog.chunk(digest) === undefined);
  }

  /** Stores what is new of a stream of verified chunks; all of it is durable when this returns. */
  async putChunks(
    chunks: AsyncIterable<{ readonly digest: Digest; readonly data: Uint8Array }>,
  ): Promise<{ readonly storedBytes: number; readonly storedChunks: number }> {
    let [storedBytes, storedChunks] = [0, 0];
    let builder = new PackBuilder();
    const flush = async () => {
      if (builder.isEmpty) return;
      const pack = builder.build();
      storedChunks += builder.chunkCount;
      storedBytes += pack.sizeBytes;
      builder = new PackBuilder();
      await this.#putPack(pack);
    };
    for await (const { digest, data } of chunks) {
      if (builder.has(digest) || this.#catalog.chunk(digest) !== undefined) continue;
      builder.add(digest, data);
      if (builder.isFull) await flush();
    }
    await flush();
    return { storedBytes, storedChunks };
  }

  /** Makes a snapshot visible. The same commit again changes nothing. */
  async commit(input: CommitInput): Promise<{ readonly snapshot: Digest; readonly tree: Digest }> {
    const tree = digestOf(input.tree);
    const snapshot = snapshotDigest(tree, input.parent);
    const parsed = parseTree(input.tree);
    return this.#turns.run(input.log, async () => {
      requireCurrentEpoch(this.#catalog, input.log, input.epoch);
      requireComplete(this.#catalog, parsed, input.parent);
      const isKnown = this.#catalog.snapshot(snapshot) !== undefined && this.#catalog.epoch(input.log) === input.epoch;
      if (!isKnown) await this.#putCommit(input, tree, snapshot);
      return { snapshot, tree };
    });
  }

  tree(digest: Digest) {
    return readTree(this.#store, this.#catalog, digest);
  }

  chunks(digests: readonly Digest[], signal: AbortSignal) {
    return readChunks(this.#store, this.#catalog, digests, signal);
  }

  async close(): Promise<void> {
    await this.#indexing;
  }

  async #putCommit(input: CommitInput, tree: Digest, snapshot: Digest): Promise<void> {
    const builder = new PackBuilder();
    const treeChunks: Digest[] = [];
    for (const bytes of chunksIn(input.tree, TREE_CHUNKS)) {
      const digest = digestOf(bytes);
      treeChunks.push(digest);
      if (!builder.has(digest) && this.#catalog.chunk(digest) === undefined) builder.add(digest, bytes);
    }
    const { parent, log, epoch, label } = input;
    const committedAt = this.#options.now().toISOString();
    const record: CommitRecord = { snapshot, tree, treeChunks, parent, log, epoch, label, committedAt };
    await this.#putPack(builder.build(record));
  }

  async #putPack({ name, parts, sizeBytes, trailer }: BuiltPack): Promise<void> {
    const key = packKey(name);
    try {
      await this.#store.put(key, streamed(parts), { ifAbsent: true });
    } catch (error) {
      // The same pack from two callers at once: it is there, and durable.
      if (!isStorageError(error, "PRECONDITION_FAILED")) throw error;
    }
    this.#catalog.add(key, sizeBytes, trailer);
    this.#uncovered.push({ key, sizeBytes, trailer });
    this.#indexWhenDue();
  }

  /** An index object only makes the next start faster, so nobody waits for it and its failure is no one's error. */
  #indexWhenDue(): void {
    if (this.#uncovered.length < INDEX_EVERY || this.#indexing !== undefined) return;
    const packs = this.#uncovered;
    this.#uncovered = [];
    this.#indexing = writeIndex(this.#store, packs)
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { err: error },
          "index object not written; packs are read one by one at the next start",
        );
      })
      .finally(() => (this.#indexing = undefined));
  }
}

async function* streamed(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  // Each write costs a system call: small frames are joined.
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    batch.push(part);
    bytes += part.byteLength;
    if (bytes < 1 << 20) continue;
    yield Buffer.concat(batch);
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield Buffer.concat(batch);
}
