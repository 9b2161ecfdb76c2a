import type { Digest } from "@cofferdam/storage";
import type { TreePath } from "./path.ts";

/** A piece of a file's content, addressed by its digest. */
export interface ChunkRef {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** What a file holds. */
export interface FileContent {
  /** SHA-256 of all its bytes. */
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** In order; present only where there is more than one. One chunk is named by `digest` itself; an empty file has none. */
  readonly chunks?: readonly ChunkRef[];
}

/** Node sets times as floating-point seconds: exact to the microsecond from 1970 to 2106. Times outside are kept as the nearest inside. */
export const MAX_MTIME_US = 2 ** 32 * 1_000_000 - 1;

export interface DirectoryEntry {
  readonly type: "directory";
  readonly path: TreePath;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Modification time in microseconds since 1970, 0 to {@link MAX_MTIME_US}. */
  readonly mtimeUs: number;
}

export interface FileEntry extends FileContent {
  readonly type: "file";
  readonly path: TreePath;
  readonly mode: number;
  readonly mtimeUs: number;
}

export interface SymlinkEntry {
  readonly type: "symlink";
  readonly path: TreePath;
  readonly mtimeUs: number;
  /** Any target, in the text form of {@link TreePath}: a link is data, and nothing of Cofferdam follows it. */
  readonly target: string;
}

/** A further name of a file that stands before it in the tree. */
export interface HardlinkEntry {
  readonly type: "hardlink";
  readonly path: TreePath;
  readonly target: TreePath;
}

export type TreeEntry = DirectoryEntry | FileEntry | SymlinkEntry | HardlinkEntry;

/**
 * What one directory holds: entries in order of their paths' bytes, each after the directory that it lies in. The directory itself is
 * not among them.
 *
 * Kept: names (any bytes), modes, links, hardlinks, empty directories, times to the microsecond. Not kept: owners (a restore gives all
 * to one user), extended attributes (Node cannot read them), FIFOs, sockets and devices. Holes are not recorded, but a restore leaves
 * runs of zeros unwritten.
 */
export interface Tree {
  readonly entries: readonly TreeEntry[];
}

export const chunksOf = (content: FileContent): readonly ChunkRef[] =>
  content.chunks ?? (content.sizeBytes === 0 ? [] : [{ digest: content.digest, sizeBytes: content.sizeBytes }]);

/** Sum of all files' sizes; a file with several names counts once. */
export const contentBytes = (tree: Tree): number =>
  tree.entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.sizeBytes : 0), 0);

export interface TreeLimits {
  readonly maxEntries: number;
  /** Sum of all files' sizes. */
  readonly maxContentBytes: number;
  /** Names in a path. */
  readonly maxDepth: number;
}

export const DEFAULT_LIMITS: TreeLimits = { maxEntries: 200_000, maxContentBytes: 64 * 2 ** 30, maxDepth: 128 };
