import type { BigIntStats } from "node:fs";
import { TreeError } from "../errors.ts";
import { comparePaths, nameOf, parseTreePath, textOfBytes, type TreePath } from "../tree/path.ts";
import {
  DEFAULT_LIMITS,
  type FileContent,
  MAX_MTIME_US,
  type Tree,
  type TreeEntry,
  type TreeLimits,
} from "../tree/tree.ts";
import { DirectoryHandle } from "./directory-handle.ts";
import { fileError } from "./file-error.ts";
import { type OnChunk, readContent } from "./read-content.ts";
import { fileClockNs, StatCache } from "./stat-cache.ts";
import { TimeSlice } from "./time-slice.ts";

export interface ScanOptions {
  /** Left out with everything below them, e.g. mounts that are no part of a checkpoint. */
  readonly exclude?: readonly TreePath[];
  /** Of an earlier scan or restore of the same directory: what it knows unchanged is not read again. */
  readonly previous?: StatCache;
  readonly limits?: Partial<TreeLimits>;
  readonly signal?: AbortSignal;
  /** Called with each chunk of the files that were read, while its bytes are at hand. */
  readonly onChunk?: OnChunk;
}

export interface Skipped {
  readonly path: TreePath;
  readonly type: "fifo" | "socket" | "device" | "mount";
}

export interface Scan {
  readonly tree: Tree;
  readonly cache: StatCache;
  /** What a tree cannot hold: FIFOs, sockets and devices are never opened, other file systems not entered. */
  readonly skipped: readonly Skipped[];
  readonly readFiles: number;
  readonly readBytes: number;
}

/**
 * Describes the directory `root`, which must be still while it is read. Safe against whatever a hostile program left in it: no
 * link is followed, nothing but regular files is opened, and it ends at the limits.
 *
 * @throws TreeError CHANGED, LIMIT_EXCEEDED, ACCESS_DENIED, UNSUPPORTED, ABORTED
 */
export async function scan(root: string, options: ScanOptions = {}): Promise<Scan> {
  const doing = `scan ${root}`;
  try {
    using directory = DirectoryHandle.openRoot(root);
    return await new Scanner(directory, options).run();
  } catch (error) {
    throw fileError(error, doing);
  }
}

class Scanner {
  readonly #root: DirectoryHandle;
  readonly #device: bigint;
  readonly #exclude: ReadonlySet<TreePath>;
  readonly #previous: StatCache | undefined;
  readonly #limits: TreeLimits;
  readonly #onChunk: OnChunk | undefined;
  readonly #slice: TimeSlice;
  readonly #cache = new StatCache(fileClockNs());
  readonly #entries: TreeEntry[] = [];
  readonly #skipped: Skipped[] = [];
  /** Files with several names, by inode. */
  readonly #inodes = new Map<bigint, FileContent>();
  readonly #names = new Map<TreePath, bigint>();
  #contentBytes = 0;
  #readFiles = 0;
  #readBytes = 0;

  constructor(root: DirectoryHandle, options: ScanOptions) {
    this.#root = root;
    this.#device = root.stat().dev;
    this.#exclude = new Set(options.exclude);
    this.#previous = options.previous;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#onChunk = options.onChunk;
    this.#slice = new TimeSlice(options.signal);
  }

  async run(): Promise<Scan> {
    await this.#directory(this.#root, "", 1);
    const tree = { entries: withHardlinks(this.#entries, this.#names) };
    return {
      tree,
      cache: this.#cache,
      skipped: this.#skipped,
      readFiles: this.#readFiles,
      readBytes: this.#readBytes,
    };
  }

  async #directory(directory: DirectoryHandle, prefix: string, depth: number): Promise<void> {
    for (const name of directory.names(this.#limits.maxEntries - this.#entries.length)) {
      if (this.#slice.isOver) await this.#slice.rest();
      const path = parseTreePath(prefix + textOfBytes(name));
      if (this.#exclude.has(path)) continue;
      if (depth > this.#limits.maxDepth) throw exceeded(`path ${JSON.stringify(path)}`, this.#limits.maxDepth);
      try {
        await this.#entry(directory, name, path, depth);
      } catch (error) {
        throw fileError(error, `read ${JSON.stringify(path)}`);
      }
    }
  }

  async #entry(directory: DirectoryHandle, name: Buffer, path: TreePath, depth: number): Promise<void> {
    const stats = directory.lstat(name);
    const skip = unkept(stats, this.#device);
    if (skip !== undefined) {
      this.#skipped.push({ path, type: skip });
      return;
    }
    if (this.#entries.length >= this.#limits.maxEntries) throw exceeded("entries", this.#limits.maxEntries);
    const [mode, mtimeUs] = [Number(stats.mode & 0o7777n), mtimeUsOf(stats)];
    if (stats.isSymbolicLink()) {
      this.#entries.push({ type: "symlink", path, mtimeUs, target: textOfBytes(directory.readlink(name)) });
    } else if (stats.isDirectory()) {
      this.#entries.push({ type: "directory", path, mode, mtimeUs });
      using below = directory.openDirectory(name);
      if (below.stat().ino !== stats.ino) throw moved(path);
      await this.#directory(below, `${path}/`, depth + 1);
    } else {
      this.#entries.push({ type: "file", path, mode, mtimeUs, ...(await this.#content(directory, name, path, stats)) });
    }
  }

  async #content(directory: DirectoryHandle, name: Buffer, path: TreePath, stats: BigIntStats): Promise<FileContent> {
    if (stats.nlink > 1n) this.#names.set(path, stats.ino);
    const content = this.#inodes.get(stats.ino) ?? (await this.#read(directory, name, path, stats));
    if (stats.nlink > 1n) this.#inodes.set(stats.ino, content);
    this.#cache.remember(path, stats, content);
    return content;
  }

  async #read(directory: DirectoryHandle, name: Buffer, path: TreePath, stats: BigIntStats): Promise<FileContent> {
    this.#contentBytes += Number(stats.size);
    if (this.#contentBytes > this.#limits.maxContentBytes) throw exceeded("bytes", this.#limits.maxContentBytes);
    const known = this.#previous?.lookup(path, stats);
    if (known !== undefined) return known;
    const content = await readContent(directory, name, stats, this.#slice, this.#onChunk);
    this.#readFiles++;
    this.#readBytes += content.sizeBytes;
    return content;
  }
}

function unkept(stats: BigIntStats, device: bigint): Skipped["type"] | undefined {
  if (stats.isFIFO()) return "fifo";
  if (stats.isSocket()) return "socket";
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return "device";
  // Files of an overlay may have the device of a layer; directories have the mount's own.
  return stats.isDirectory() && stats.dev !== device ? "mount" : undefined;
}

/** Sorts, and turns all names of a file but the first into hardlinks to it. */
function withHardlinks(entries: TreeEntry[], names: ReadonlyMap<TreePath, bigint>): TreeEntry[] {
  const first = new Map<bigint, TreePath>();
  return entries
    .sort((a, b) => comparePaths(a.path, b.path))
    .map((entry) => {
      const inode = names.get(entry.path);
      if (inode === undefined) return entry;
      const target = first.get(inode);
      if (target !== undefined) return { type: "hardlink", path: entry.path, target };
      first.set(inode, entry.path);
      return entry;
    });
}

export const mtimeUsOf = (stats: BigIntStats): number =>
  Math.min(Math.max(Number(stats.mtimeNs / 1_000n), 0), MAX_MTIME_US);

const exceeded = (what: string, limit: number) =>
  new TreeError({
    code: "LIMIT_EXCEEDED",
    message: `tree: ${what} exceed the limit of ${limit}`,
    mend: "remove what is not needed, or raise the limit",
  });

const moved = (path: TreePath) =>
  new TreeError({
    code: "CHANGED",
    message: `directory ${JSON.stringify(nameOf(path))} was replaced while it was read`,
    mend: "keep the directory still while it is read",
  });
