import type { Digest } from "@cofferdam/storage";
import type { ChunkFrame, CommitRecord, PackTrailer } from "./format.ts";

export interface ChunkLocation extends ChunkFrame {
  /** Key of the pack. */
  readonly pack: string;
}

/** What all packs of a store hold, in memory. It holds nothing that is not durable. */
export class Catalog {
  readonly #chunks = new Map<Digest, ChunkLocation>();
  readonly #snapshots = new Map<Digest, CommitRecord>();
  readonly #trees = new Map<Digest, readonly Digest[]>();
  readonly #epochs = new Map<string, number>();
  /** Keys of objects that cannot be read, with the problem. */
  readonly damaged = new Map<string, string>();
  #storedBytes = 0;
  readonly #packs: string[] = [];

  /** Takes in a pack that is durable. */
  add(pack: string, sizeBytes: number, { chunks, commit }: PackTrailer): void {
    this.#packs.push(pack);
    this.#storedBytes += sizeBytes;
    for (const frame of chunks) if (!this.#chunks.has(frame.digest)) this.#chunks.set(frame.digest, { ...frame, pack });
    if (commit === undefined) return;
    this.#snapshots.set(commit.snapshot, commit);
    this.#trees.set(commit.tree, commit.treeChunks);
    this.#epochs.set(commit.log, Math.max(commit.epoch, this.#epochs.get(commit.log) ?? 0));
  }

  chunk(digest: Digest): ChunkLocation | undefined {
    return this.#chunks.get(digest);
  }

  snapshot(digest: Digest): CommitRecord | undefined {
    return this.#snapshots.get(digest);
  }

  /** The chunks of a tree's canonical JSON. */
  tree(digest: Digest): readonly Digest[] | undefined {
    return this.#trees.get(digest);
  }

  /** Highest epoch under which this log committed; undefined when it never did. */
  epoch(log: string): number | undefined {
    return this.#epochs.get(log);
  }

  /** Keys. */
  packs(): Iterable<string> {
    return this.#packs;
  }

  chunks(): Iterable<ChunkLocation> {
    return this.#chunks.values();
  }

  snapshots(): Iterable<CommitRecord> {
    return this.#snapshots.values();
  }

  get counts(): {
    readonly chunks: number;
    readonly snapshots: number;
    readonly packs: number;
    readonly storedBytes: number;
  } {
    return {
      chunks: this.#chunks.size,
      snapshots: this.#snapshots.size,
      packs: this.#packs.length,
      storedBytes: this.#storedBytes,
    };
  }
}
