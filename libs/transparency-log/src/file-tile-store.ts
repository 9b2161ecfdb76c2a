import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { isSystemError } from "./errors.ts";
import type { TileStore } from "./tile-store.ts";

/** Suffix of a file that is being written; left over only by a crash. */
export const TEMPORARY_SUFFIX = ".tmp";

/** Tiles as files of a folder. A write is a temporary file, fsync, rename, and fsync of the folders that changed. */
export class FileTileStore implements TileStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(join(this.root, path));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async write(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const changed = new Set<string>();
    for (const path of files.keys()) await this.#makeFolder(dirname(join(this.root, path)), changed);
    await Promise.all([...files].map(([path, bytes]) => writeDurably(join(this.root, path) + TEMPORARY_SUFFIX, bytes)));
    for (const path of files.keys()) {
      const target = join(this.root, path);
      await rename(target + TEMPORARY_SUFFIX, target);
      changed.add(dirname(target));
    }
    await Promise.all([...changed].map(syncFolder));
  }

  async list(folder: string): Promise<string[]> {
    try {
      const found = await readdir(join(this.root, folder), { recursive: true, withFileTypes: true });
      return found
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(this.root, join(entry.parentPath, entry.name)));
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await rm(join(this.root, path), { force: true });
    for (const folder of new Set(paths.map(dirname).filter((name) => name.endsWith(".p")))) {
      const full = join(this.root, folder);
      if ((await this.list(folder)).length === 0) await rm(full, { recursive: true, force: true });
    }
  }

  /** A new folder is durable only once its parent is, up to the first that was there. */
  async #makeFolder(folder: string, changed: Set<string>): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    for (let at = folder; at.length >= first.length; at = dirname(at)) changed.add(dirname(at));
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const isAbsent = (error: unknown): boolean => isSystemError(error, "ENOENT", "ENOTDIR");
