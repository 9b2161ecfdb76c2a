import { joinRight } from "./compact-range.ts";
import { encodeEntries, decodeEntries } from "./entry-bundle.ts";
import { TransparencyLogError } from "./errors.ts";
import { HASH_BYTES, type Hash, leafHash, nodeHash } from "./hash.ts";
import { countAt, TILE_HEIGHT, TILE_WIDTH, type TileId, tilePath } from "./tile-path.ts";
import type { TileReader } from "./tile-store.ts";

/** What a batch of entries makes of a tree. */
export interface Grown {
  readonly size: number;
  readonly root: Hash;
  /** New tiles and bundles by path; all must be durable before a checkpoint of `size` is signed. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Full tiles and bundles among them: their partial forms are no longer needed. */
  readonly completed: readonly TileId[];
}

/**
 * Grows a tree in the C2SP tlog-tiles layout. It holds the right edge only, at most one unfinished tile per level, so
 * its memory does not grow with the log.
 */
export class TileWriter {
  #size: number;
  /** By tile level: hashes of the unfinished tile. */
  readonly #edge: Hash[][];
  /** Entries of the unfinished bundle. */
  #entries: Uint8Array[];

  private constructor(size: number, edge: Hash[][], entries: Uint8Array[]) {
    this.#size = size;
    this.#edge = edge;
    this.#entries = entries;
  }

  static empty(): TileWriter {
    return new TileWriter(0, [[]], []);
  }

  /** Goes on from stored tiles. Compare {@link root} with a checkpoint's before trusting them. */
  static async open(store: TileReader, size: number): Promise<TileWriter> {
    const edge: Hash[][] = [];
    for (let level = 0; level === 0 || countAt(level, size) > 0; level++) {
      const last = lastTile(level, size);
      edge.push(last === undefined ? [] : splitHashes(await mustRead(store, last)));
    }
    const bundle = lastTile("entries", size);
    const entries = bundle === undefined ? [] : decodeEntries(await mustRead(store, bundle));
    if (entries.length !== size % TILE_WIDTH) {
      throw new TransparencyLogError("MALFORMED", `entry bundle of a tree of ${size} holds ${entries.length} entries`);
    }
    return new TileWriter(size, edge, entries);
  }

  get size(): number {
    return this.#size;
  }

  /** Hashes of the leaves in the unfinished bundle. */
  get unfinishedLeaves(): readonly Hash[] {
    return this.#edge[0] ?? [];
  }

  root(): Hash {
    return joinRight(this.#edge.toReversed().flatMap(perfectSubtrees));
  }

  append(entries: readonly Uint8Array[]): Grown {
    const files = new Map<string, Uint8Array>();
    const completed: TileId[] = [];
    const touched = new Set<number>();
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#push(0, leafHash(entry), files, completed, touched);
      this.#size++;
      if (this.#size % TILE_WIDTH > 0) continue;
      const id = { level: "entries", index: this.#size / TILE_WIDTH - 1, width: TILE_WIDTH } as const;
      files.set(tilePath(id), encodeEntries(this.#entries));
      completed.push(id);
      this.#entries = [];
    }
    for (const level of touched) {
      const hashes = this.#edge[level] ?? [];
      const id = lastTile(level, this.#size);
      if (id !== undefined) files.set(tilePath(id), Buffer.concat(hashes));
    }
    const bundle = lastTile("entries", this.#size);
    if (bundle !== undefined && entries.length > 0) files.set(tilePath(bundle), encodeEntries(this.#entries));
    return { size: this.#size, root: this.root(), files, completed };
  }

  #push(level: number, hash: Hash, files: Map<string, Uint8Array>, completed: TileId[], touched: Set<number>): void {
    const hashes = (this.#edge[level] ??= []);
    hashes.push(hash);
    touched.add(level);
    if (hashes.length < TILE_WIDTH) return;
    const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
    const id = { level, index, width: TILE_WIDTH };
    files.set(tilePath(id), Buffer.concat(hashes));
    completed.push(id);
    this.#edge[level] = [];
    this.#push(level + 1, rootOfPerfect(hashes), files, completed, touched);
  }
}

/** The unfinished tile of a level, if the tree ends inside one. */
function lastTile(level: TileId["level"], size: number): TileId | undefined {
  const count = countAt(level, size);
  const width = count % TILE_WIDTH;
  return width === 0 ? undefined : { level, index: Math.floor(count / TILE_WIDTH), width };
}

async function mustRead(store: TileReader, id: TileId): Promise<Uint8Array> {
  const path = tilePath(id);
  const bytes = await store.read(path);
  if (bytes === undefined) throw new TransparencyLogError("MISSING", `${path} is not stored`);
  if (id.level !== "entries" && bytes.length !== id.width * HASH_BYTES) {
    throw new TransparencyLogError("MALFORMED", `${path} has ${bytes.length} bytes, not ${id.width * HASH_BYTES}`);
  }
  return bytes;
}

export function splitHashes(tile: Uint8Array): Hash[] {
  return Array.from({ length: tile.length / HASH_BYTES }, (_, i) =>
    tile.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Roots of the perfect subtrees that a row of hashes consists of, largest first. */
function perfectSubtrees(hashes: readonly Hash[]): Hash[] {
  const roots = [];
  let at = 0;
  for (let height = TILE_HEIGHT - 1; height >= 0; height--) {
    const width = 2 ** height;
    if ((hashes.length & width) === 0) continue;
    roots.push(rootOfPerfect(hashes.slice(at, at + width)));
    at += width;
  }
  return roots;
}

/** Root over a row whose length is a power of two. */
export function rootOfPerfect(hashes: readonly Hash[]): Hash {
  let row = hashes;
  while (row.length > 1) {
    const above = [];
    for (let i = 0; i + 1 < row.length; i += 2) {
      const [left, right] = [row[i], row[i + 1]];
      if (left === undefined || right === undefined) throw new RangeError("row is not a power of two");
      above.push(nodeHash(left, right));
    }
    row = above;
  }
  const [root] = row;
  if (root === undefined) throw new RangeError("no hashes");
  return root;
}
