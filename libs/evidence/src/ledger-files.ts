import {
  countAt,
  decodeEntries,
  type NodeReader,
  TILE_WIDTH,
  tileNodes,
  tilePath,
  type TileReader,
  TransparencyLogError,
} from "@cofferdam/transparency-log";
import { type ArchivedEvent, archivePath, ARCHIVE_WIDTH, parseArchiveLine, splitArchiveLines } from "./archive-line.ts";

/** Reads what a ledger stores. Nothing is verified here. */
export class LedgerFiles {
  readonly #store: TileReader;

  constructor(store: TileReader) {
    this.#store = store;
  }

  /** Entries of a bundle in a tree of `size`: at most {@link TILE_WIDTH}. */
  async entries(bundle: number, size: number): Promise<Uint8Array[]> {
    const width = Math.min(TILE_WIDTH, countAt("entries", size) - bundle * TILE_WIDTH);
    const partial = tilePath({ level: "entries", index: bundle, width });
    const full = tilePath({ level: "entries", index: bundle, width: TILE_WIDTH });
    // The partial bundle goes once the full one is there, which starts with the same entries.
    const bytes = (await this.#store.read(partial)) ?? (await this.#store.read(full));
    if (bytes === undefined) throw new TransparencyLogError("MISSING", `${partial} is not stored`);
    return decodeEntries(bytes).slice(0, width);
  }

  async entry(index: number, size: number): Promise<Uint8Array> {
    const entry = (await this.entries(Math.floor(index / TILE_WIDTH), size))[index % TILE_WIDTH];
    if (index >= size || entry === undefined) throw outside(index, size);
    return entry;
  }

  /** Lines of an archive file, without their line breaks; as many as are whole. */
  async archiveLines(bundle: number): Promise<Uint8Array[]> {
    const bytes = await this.#store.read(archivePath(bundle));
    if (bytes === undefined) throw new TransparencyLogError("MISSING", `${archivePath(bundle)} is not stored`);
    return splitArchiveLines(bytes).lines;
  }

  async event(index: number, size: number): Promise<ArchivedEvent> {
    const line = (await this.archiveLines(Math.floor(index / ARCHIVE_WIDTH)))[index % ARCHIVE_WIDTH];
    if (index >= size || line === undefined) throw outside(index, size);
    return parseArchiveLine(line);
  }

  /** Archived events from `first` on, up to a ledger of `size`. */
  async *events(first: number, size: number): AsyncGenerator<ArchivedEvent> {
    for (let bundle = Math.floor(first / ARCHIVE_WIDTH); bundle * ARCHIVE_WIDTH < size; bundle++) {
      const start = bundle * ARCHIVE_WIDTH;
      const lines = await this.archiveLines(bundle);
      for (const line of lines.slice(Math.max(0, first - start), size - start)) yield parseArchiveLine(line);
    }
  }

  /** Tree nodes for proofs; each tile is read once. */
  nodes(size: number): NodeReader {
    const tiles = new Map<string, Promise<Uint8Array | undefined>>();
    const read = (path: string) => {
      const known = tiles.get(path) ?? this.#store.read(path);
      tiles.set(path, known);
      return known;
    };
    return tileNodes({ read }, size);
  }
}

const outside = (index: number, size: number): TransparencyLogError =>
  new TransparencyLogError("RANGE", `no entry ${index} in a ledger of ${size}`);
