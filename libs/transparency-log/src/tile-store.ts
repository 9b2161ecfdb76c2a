/** Where tiles and the checkpoint are kept. Paths are those of C2SP tlog-tiles, relative, with `/`. */
export interface TileReader {
  /** The object's bytes, or undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

export interface TileStore extends TileReader {
  /** Returns when all files are durable. Each appears whole or not at all; which of them after a crash is not defined. */
  write(files: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Paths of all objects under a folder, in no order; of all there are for the empty path. */
  list(folder: string): Promise<string[]>;
  /** Removes objects; absent ones are fine. */
  remove(paths: readonly string[]): Promise<void>;
}

/** A store in memory, for tests and for recomputing. */
export class MemoryTileStore implements TileStore {
  readonly files = new Map<string, Uint8Array>();

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path);
  }

  async write(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const [path, bytes] of files) this.files.set(path, bytes);
  }

  async list(folder: string): Promise<string[]> {
    return [...this.files.keys()].filter((path) => folder === "" || path.startsWith(`${folder}/`));
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.files.delete(path);
  }
}
