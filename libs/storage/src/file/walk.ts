import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "../errors.ts";
import { errnoOf } from "./io-error.ts";
import { STAGING } from "./staging.ts";

/**
 * Keys of the regular files below `root` that start with `prefix` and come after `startAfter`, in order of their UTF-8 bytes.
 * Symbolic links, FIFOs, sockets and devices are no objects. A name that is not UTF-8 can be no key: INVALID_KEY.
 */
export async function* walk(root: string, prefix: string, startAfter: string): AsyncGenerator<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  yield* walkFolder(root, folder, Buffer.from(prefix), Buffer.from(startAfter));
}

async function* walkFolder(root: string, folder: string, prefix: Buffer, after: Buffer): AsyncGenerator<string> {
  for (const { key, isFolder } of await children(root, folder)) {
    const bytes = Buffer.from(key);
    if (isFolder) {
      const couldMatch = startsWith(bytes, prefix) || startsWith(prefix, bytes);
      const allBefore = !startsWith(after, bytes) && Buffer.compare(bytes, after) < 0;
      if (couldMatch && !allBefore) yield* walkFolder(root, key, prefix, after);
    } else if (startsWith(bytes, prefix) && Buffer.compare(bytes, after) > 0) {
      yield key;
    }
  }
}

interface Child {
  /** Ends with `/` for a folder, so that sorting puts `a-b` before `a/b`, as object stores do. */
  readonly key: string;
  readonly isFolder: boolean;
}

async function children(root: string, folder: string): Promise<Child[]> {
  const found: Child[] = [];
  for (const entry of await entriesOf(join(root, folder))) {
    if (!entry.isDirectory() && !entry.isFile()) continue;
    const name = entry.name.toString("utf8");
    if (folder === "" && name === STAGING) continue;
    if (!Buffer.from(name).equals(entry.name)) throw notUtf8(folder, entry.name);
    found.push({ key: folder + name + (entry.isDirectory() ? "/" : ""), isFolder: entry.isDirectory() });
  }
  return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

async function entriesOf(folder: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(folder, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

const startsWith = (bytes: Buffer, start: Buffer): boolean =>
  bytes.length >= start.length && bytes.subarray(0, start.length).equals(start);

const notUtf8 = (folder: string, name: Buffer) =>
  new StorageError({
    code: "INVALID_KEY",
    message: `a file below ${JSON.stringify(folder)} has a name that is not UTF-8: ${JSON.stringify(name.toString("latin1"))}`,
    mend: "rename it",
  });
