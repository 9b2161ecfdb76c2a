import { ARCHIVE_WIDTH, CHECKPOINT_PATH, type StateRecord } from "@cofferdam/evidence";
import {
  type Checkpoint,
  countAt,
  type FileTileStore,
  type NoteVerifier,
  openCheckpoint,
  parseGroupedIndex,
  parseTilePath,
  sameHash,
  TEMPORARY_SUFFIX,
  TILE_WIDTH,
  type TileId,
  tilePath,
  type TileReader,
  TileWriter,
} from "@cofferdam/transparency-log";
import { LedgerError } from "../errors.ts";

export const damaged = (what: string, cause?: unknown): LedgerError =>
  new LedgerError("DAMAGED", `the ledger does not start: ${what}`, "restore the ledger's folder from a copy", cause);

/**
 * Brings the folder to exactly what the state record says: removes what an interrupted commit wrote beyond it, and
 * publishes the record's checkpoint where that had not happened. Throws `DAMAGED` if the record is older than a
 * checkpoint that was published, or not what the tiles hold.
 */
export async function recover(tiles: FileTileStore, state: StateRecord, verifier: NoteVerifier): Promise<void> {
  const leftovers = (await tiles.list("")).filter((path) => isBeyond(path, state.size));
  const signed = read(state.checkpoint, verifier, "the checkpoint in the state record");
  const published = await tiles.read(CHECKPOINT_PATH);
  if (published !== undefined) {
    const { size } = read(Buffer.from(published).toString(), verifier, "the published checkpoint");
    if (size > state.size)
      throw damaged(`a checkpoint of ${size} entries was published, the state record has ${state.size}`);
  }
  const root = await rootOf(tiles, state.size);
  if (signed.size !== state.size || !sameHash(signed.root, root)) {
    throw damaged(`the tiles do not lead to the root of the checkpoint of ${signed.size} entries`);
  }
  await tiles.remove(leftovers);
  if (published === undefined || Buffer.from(published).toString() !== state.checkpoint) {
    await tiles.write(new Map([[CHECKPOINT_PATH, Buffer.from(state.checkpoint)]]));
  }
}

function read(note: string, verifier: NoteVerifier, what: string): Checkpoint {
  try {
    return openCheckpoint(note, verifier);
  } catch (error) {
    throw damaged(`${what} is not signed by the ledger's key`, error);
  }
}

async function rootOf(tiles: TileReader, size: number): Promise<Uint8Array> {
  try {
    return (await TileWriter.open(tiles, size)).root();
  } catch (error) {
    throw damaged("a tile is missing or cut short", error);
  }
}

/** What is wider than the tree, partial tiles whose full form is there, and files that were being written. */
function isBeyond(path: string, size: number): boolean {
  if (path.endsWith(TEMPORARY_SUFFIX)) return true;
  if (path.startsWith("events/")) {
    const bundle = parseGroupedIndex(path.slice("events/".length));
    return bundle !== undefined && bundle * ARCHIVE_WIDTH >= size;
  }
  const id = parseTilePath(path);
  if (id === undefined) return false;
  const count = countAt(id.level, size) - id.index * TILE_WIDTH;
  return id.width > count || (id.width < TILE_WIDTH && count >= TILE_WIDTH);
}

/** Stored partial forms of a full tile. */
export async function partialsOf(tiles: FileTileStore, full: TileId): Promise<string[]> {
  return await tiles.list(`${tilePath({ ...full, width: TILE_WIDTH })}.p`);
}
