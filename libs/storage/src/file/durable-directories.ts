import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../errors.ts";
import { errnoOf } from "./io-error.ts";

/**
 * Directories below a root whose own entries are known to be on disk. A file is durable only when every directory entry that
 * leads to it is, also those that another process made and did not come to sync before it died.
 */
export class DurableDirectories {
  readonly #root: string;
  /** Bounded: beyond that many it is forgotten, which costs a few syncs again. */
  readonly #limit: number;
  readonly #synced = new Set<string>();

  constructor(root: string, limit = 65_536) {
    this.#root = root;
    this.#limit = limit;
  }

  /** Makes `directory` (the root or below it) and everything that leads to it exist durably. */
  async ensure(directory: string): Promise<void> {
    if (this.#synced.has(directory)) return;
    const parent = dirname(directory);
    if (directory === this.#root) await makePath(directory);
    else {
      await this.ensure(parent);
      await makeDirectory(directory);
    }
    await syncDirectory(parent);
    if (this.#synced.size >= this.#limit) this.#synced.clear();
    this.#synced.add(directory);
  }

  /** To be called when a directory turned out to be gone. */
  forget(): void {
    this.#synced.clear();
  }
}

/**
 * What `mkdir -p` does, durably. Not Node's `recursive`, which never returns where mkdir(2) says ENOENT below a directory that
 * exists, as in /proc.
 */
async function makePath(directory: string): Promise<void> {
  if (await exists(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) await makePath(parent);
  await makeDirectory(directory);
  await syncDirectory(parent);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    if ((await stat(directory)).isDirectory()) return;
    throw new StorageError({
      code: "INVALID_KEY",
      message: `${directory} is an object, and cannot be a folder too`,
      mend: "a folder cannot hold both `a` and `a/b`: rename one",
      cause: error,
    });
  }
}

/** fsync(2) of a directory: its entries (links, renames, removals) are on disk when this returns. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
