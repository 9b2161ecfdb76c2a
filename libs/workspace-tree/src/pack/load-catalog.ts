import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { digestHex, digestOf, isStorageError, type ObjectStore } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import { Catalog } from "./catalog.ts";
import {
  corruptPack,
  FOOTER_BYTES,
  PACK_KIND,
  type PackTrailer,
  parseFooter,
  parseTrailer,
  trailerOf,
} from "./format.ts";

/** Everything of the snapshot store lies below this prefix of its object store. */
export const PREFIX = "snapshots/";
export const PACKS = `${PREFIX}packs/`;
export const INDEXES = `${PREFIX}index/`;
const INDEX_KIND = "cofferdam.index/v1";
const MAX_INDEX_BYTES = 1 << 30;
const PARALLEL_READS = 8;

export const packKey = (name: string): string => `${PACKS}${name}`;

/** A pack's trailer, wherever it was read from. */
export interface IndexedPack {
  readonly key: string;
  readonly sizeBytes: number;
  readonly trailer: PackTrailer;
}

export interface LoadedCatalog {
  readonly catalog: Catalog;
  /** Packs that no index object covers yet. */
  readonly uncovered: readonly IndexedPack[];
}

/**
 * Rebuilds the catalog: index objects first, then the trailers of packs that none of them covers. An index object only saves reading; if it is
 * damaged, the packs' own trailers are read. A pack that is damaged is noted in {@link Catalog.damaged}.
 */
export async function loadCatalog(store: ObjectStore): Promise<LoadedCatalog> {
  const catalog = new Catalog();
  const indexed = new Map<string, IndexedPack>();
  for await (const { key } of store.list(INDEXES)) {
    try {
      for (const pack of await readIndex(store, key)) indexed.set(pack.key, pack);
    } catch (error) {
      catalog.damaged.set(key, problemOf(error));
    }
  }
  const found: { key: string; sizeBytes: number }[] = [];
  for await (const info of store.list(PACKS)) found.push(info);
  const packs = await mapParallel(found, async ({ key, sizeBytes }) => {
    const known = indexed.get(key);
    if (known?.sizeBytes === sizeBytes) return { pack: known, covered: true };
    try {
      return { pack: { key, sizeBytes, trailer: await readTrailer(store, key, sizeBytes) }, covered: false };
    } catch (error) {
      catalog.damaged.set(key, problemOf(error));
      return undefined;
    }
  });
  const uncovered: IndexedPack[] = [];
  for (const item of packs) {
    if (item === undefined) continue;
    catalog.add(item.pack.key, item.pack.sizeBytes, item.pack.trailer);
    if (!item.covered) uncovered.push(item.pack);
  }
  return { catalog, uncovered };
}

/** @throws TreeError CORRUPT; StorageError */
export async function readTrailer(store: ObjectStore, key: string, sizeBytes: number): Promise<PackTrailer> {
  if (sizeBytes < FOOTER_BYTES) throw corruptPack(key, `has only ${sizeBytes} bytes`);
  const guess = Math.min(sizeBytes, 64 * 1024);
  const end = await store.read(key, { range: { start: sizeBytes - guess } });
  const footer = parseFooter(end.subarray(end.length - FOOTER_BYTES), key);
  const start = sizeBytes - FOOTER_BYTES - footer.storedBytes;
  if (start < 0) throw corruptPack(key, "is shorter than its trailer");
  const inEnd = start - (sizeBytes - guess);
  const stored =
    inEnd >= 0
      ? end.subarray(inEnd, end.length - FOOTER_BYTES)
      : await store.read(key, { range: { start, end: sizeBytes - FOOTER_BYTES } });
  return parseTrailer(footer, stored, key);
}

/** Stores an index object that covers these packs. */
export async function writeIndex(store: ObjectStore, packs: readonly IndexedPack[]): Promise<void> {
  const rows = packs.map(({ key, sizeBytes, trailer: { chunks, commit } }) => {
    const frames = chunks.map((c) => [c.digest, c.offset, c.storedBytes, c.sizeBytes]);
    return {
      key,
      sizeBytes,
      trailer: { kind: PACK_KIND, chunks: frames, ...(commit === undefined ? {} : { commit }) },
    };
  });
  const bytes = zstdCompressSync(Buffer.from(JSON.stringify({ kind: INDEX_KIND, packs: rows })), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
  try {
    await store.put(`${INDEXES}${digestHex(digestOf(bytes))}`, bytes, { ifAbsent: true });
  } catch (error) {
    if (!isStorageError(error, "PRECONDITION_FAILED")) throw error;
  }
}

/** @throws TreeError CORRUPT; StorageError */
export async function readIndex(store: ObjectStore, key: string): Promise<IndexedPack[]> {
  const bytes = await store.read(key);
  if (!key.endsWith(digestHex(digestOf(bytes)))) throw corruptPack(key, "does not hold what its name says");
  const plain = zstdDecompressSync(bytes, { maxOutputLength: MAX_INDEX_BYTES }).toString("utf8");
  const { kind, packs } = JSON.parse(plain) as { kind?: unknown; packs?: unknown };
  if (kind !== INDEX_KIND || !Array.isArray(packs)) throw corruptPack(key, `is no ${INDEX_KIND}`);
  return packs.map((row: { key: string; sizeBytes: number; trailer: unknown }) => ({
    key: row.key,
    sizeBytes: row.sizeBytes,
    trailer: trailerOf(row.trailer, row.key),
  }));
}

/** Damage is noted; that the store cannot be reached is not damage. */
function problemOf(error: unknown): string {
  if (error instanceof TreeError && error.code === "CORRUPT") return error.message;
  if (isStorageError(error, "CORRUPT", "INVALID_RANGE")) return error.message;
  throw error;
}

async function mapParallel<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [i, item] of queue) results[i] = await map(item);
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, lane));
  return results;
}
