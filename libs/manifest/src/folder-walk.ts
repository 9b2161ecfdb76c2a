import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { TextDecoder } from "node:util";

/** Deepest folder that is listed, and most entries that are looked at. */
const MAX_DEPTH = 64;
const MAX_ENTRIES = 4_000_000;

/** A name in a folder; `special` is a pipe, socket or device. */
export interface NamedEntry {
  readonly kind: "file" | "link" | "special";
  readonly path: string;
  readonly absolute: string;
}

/** One thing that a walk meets. Folders are walked, not told. */
export type FolderEntry =
  | NamedEntry
  /** A name in `folder` is not UTF-8. */
  | { readonly kind: "unnamed"; readonly folder: string }
  | { readonly kind: "unreadable"; readonly absolute: string; readonly error: unknown }
  /** The walk ends here: a bound is reached. */
  | { readonly kind: "bound"; readonly message: string };

/** Walks a folder in no order, from metadata alone, without following links. */
export async function* walkFolder(root: string): AsyncGenerator<FolderEntry> {
  const folders = [{ path: "", absolute: root, depth: 0 }];
  let entries = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { path, absolute, depth } = folder;
    if (depth > MAX_DEPTH) {
      return yield { kind: "bound", message: `${absolute} is nested deeper than ${MAX_DEPTH} folders` };
    }
    try {
      const directory = await opendir(absolute, { encoding: "buffer" as BufferEncoding });
      for await (const entry of directory) {
        if (++entries > MAX_ENTRIES) {
          yield { kind: "bound", message: `${root} has more than ${MAX_ENTRIES} entries` };
          return;
        }
        const name = decodeName(entry.name as unknown as Buffer);
        if (name === undefined) {
          yield { kind: "unnamed", folder: path === "" ? "." : path };
          continue;
        }
        const child = { path: path === "" ? name : `${path}/${name}`, absolute: join(absolute, name) };
        if (entry.isDirectory()) folders.push({ ...child, depth: depth + 1 });
        else yield { ...child, kind: entry.isSymbolicLink() ? "link" : entry.isFile() ? "file" : "special" };
      }
    } catch (error) {
      yield { kind: "unreadable", absolute, error };
    }
  }
}

function decodeName(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
