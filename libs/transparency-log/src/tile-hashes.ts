import { TransparencyLogError } from "./errors.ts";
import { HASH_BYTES, type Hash } from "./hash.ts";
import type { NodeReader } from "./proof.ts";
import { countAt, TILE_HEIGHT, TILE_WIDTH, tilePath } from "./tile-path.ts";
import type { TileReader } from "./tile-store.ts";
import { rootOfPerfect, splitHashes } from "./tile-writer.ts";

/**
 * Reads perfect nodes of a tree of `size` leaves out of its tiles. What it returns is as trustworthy as the store: a
 * verifier recomputes tiles from entries instead.
 */
export function tileNodes(store: TileReader, size: number): NodeReader {
  return async (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT);
    const within = height % TILE_HEIGHT;
    const first = index * 2 ** within;
    const tile = Math.floor(first / TILE_WIDTH);
    const row = await readTile(store, level, tile, size);
    const at = first % TILE_WIDTH;
    if (at + 2 ** within > row.length) {
      throw new TransparencyLogError("RANGE", `a tree of ${size} leaves has no node ${index} of height ${height}`);
    }
    return rootOfPerfect(row.slice(at, at + 2 ** within));
  };
}

async function readTile(store: TileReader, level: number, index: number, size: number): Promise<Hash[]> {
  const width = Math.min(TILE_WIDTH, countAt(level, size) - index * TILE_WIDTH);
  if (width < 1) throw new TransparencyLogError("RANGE", `a tree of ${size} leaves has no tile ${level}/${index}`);
  const partial = tilePath({ level, index, width });
  const full = tilePath({ level, index, width: TILE_WIDTH });
  // A partial tile may be removed once its full form is stored; the full one starts with the same hashes.
  const bytes = (await store.read(partial)) ?? (await store.read(full));
  if (bytes === undefined) throw new TransparencyLogError("MISSING", `${partial} is not stored`);
  if (bytes.length < width * HASH_BYTES) throw new TransparencyLogError("MALFORMED", `${partial} is too short`);
  return splitHashes(bytes.subarray(0, width * HASH_BYTES));
}
