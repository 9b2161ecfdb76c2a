import { mkdirSync } from "node:fs";
import type { Digest } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import type { TreePath } from "../tree/path.ts";
import { selectEntries } from "../tree/select.ts";
import { DEFAULT_LIMITS, type FileEntry, type Tree, type TreeEntry, type TreeLimits } from "../tree/tree.ts";
import { validateTree } from "../tree/validate.ts";
import { type Batch, planChunks } from "./chunk-plan.ts";
import { DirectoryHandle } from "./directory-handle.ts";
import { EntryWriter } from "./entry-writer.ts";
import { errnoOf, fileError } from "./file-error.ts";
import { fileClockNs, StatCache } from "./stat-cache.ts";
import { TimeSlice } from "./time-slice.ts";
import { verifiedChunk } from "./verified-chunk.ts";

/** Delivers each of the digests once, in any order. What it delivers is verified. */
export type GetChunks = (
  digests: readonly Digest[],
) => AsyncIterable<{ readonly digest: string; readonly data: Uint8Array }>;

export interface MaterializeOptions {
  /** Owner of all that is made; without it, this process's user, and then no set-id bits. */
  readonly uid?: number;
  readonly gid?: number;
  /** Only these and what lies below them, with the directories that lead to them. */
  readonly paths?: readonly TreePath[];
  /** Takes all write permissions away. */
  readonly readOnly?: boolean;
  readonly limits?: Partial<TreeLimits>;
  readonly signal?: AbortSignal;
}

/** Batches in flight: while one is written, the next are on their way. */
const PARALLEL_BATCHES = 3;

/**
 * Makes `directory` (absent or empty, in a place where nobody else acts meanwhile) hold what the tree describes: bytes, names, modes, links,
 * hardlinks, empty directories, times. Memory is bounded by a few batches of chunks. What a failure leaves in `directory` is to be removed.
 *
 * @returns what a next scan of it need not read again.
 * @throws TreeError INVALID_TREE, INVALID_PATH, LIMIT_EXCEEDED, NOT_EMPTY, NOT_FOUND (of `paths`), CORRUPT, NO_SPACE, ABORTED
 */
export async function materialize(
  tree: Tree,
  directory: string,
  getChunks: GetChunks,
  options: MaterializeOptions = {},
): Promise<StatCache> {
  validateTree(tree, { ...DEFAULT_LIMITS, ...options.limits });
  const entries = options.paths === undefined ? tree.entries : selectEntries(tree, options.paths);
  try {
    makeDirectory(directory);
    using root = DirectoryHandle.openRoot(directory);
    if (!root.isEmpty()) throw notEmpty(directory);
    using writer = new EntryWriter(root, options);
    return await restore(entries, writer, getChunks, new TimeSlice(options.signal));
  } catch (error) {
    throw fileError(error, `restore into ${directory}`);
  }
}

async function restore(
  entries: readonly TreeEntry[],
  writer: EntryWriter,
  getChunks: GetChunks,
  slice: TimeSlice,
): Promise<StatCache> {
  const files: FileEntry[] = [];
  for (const entry of entries) {
    if (slice.isOver) await slice.rest();
    if (entry.type === "directory") writer.makeDirectory(entry);
    else if (entry.type === "symlink") writer.makeSymlink(entry);
    else if (entry.type === "file") {
      files.push(entry);
      if (entry.sizeBytes === 0) writer.makeEmptyFile(entry);
    }
  }
  const batches = planChunks(files);
  const lane = async () => {
    for (const batch of batches) await writeBatch(batch, writer, getChunks, slice);
  };
  // A lane that fails ends the shared iterator; the others must have let go of the writer before anybody disposes of it.
  const lanes = await Promise.allSettled(Array.from({ length: PARALLEL_BATCHES }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
  for (const entry of entries) {
    if (slice.isOver) await slice.rest();
    if (entry.type === "hardlink") writer.makeHardlink(entry);
  }
  for (const entry of entries.toReversed()) {
    if (slice.isOver) await slice.rest();
    if (entry.type === "directory") writer.finishDirectory(entry);
  }
  return remembered(entries, writer, slice);
}

async function writeBatch(batch: Batch, writer: EntryWriter, getChunks: GetChunks, slice: TimeSlice): Promise<void> {
  const missing = new Set(batch.keys());
  for await (const { digest, data } of getChunks([...missing])) {
    const wanted = [...(batch.get(digest as Digest) ?? [])];
    if (!missing.delete(digest as Digest)) {
      throw new TreeError({ code: "CORRUPT", message: `chunk ${digest} was delivered without having been asked for` });
    }
    for (const place of wanted) {
      if (slice.isOver) await slice.rest();
      writer.writeChunk(place, verifiedChunk(digest as Digest, place.sizeBytes, data));
    }
  }
  const [lost] = missing;
  if (lost !== undefined) throw new TreeError({ code: "CORRUPT", message: `chunk ${lost} was not delivered` });
}

async function remembered(entries: readonly TreeEntry[], writer: EntryWriter, slice: TimeSlice): Promise<StatCache> {
  const cache = new StatCache(fileClockNs());
  const contents = new Map<TreePath, FileEntry>();
  for (const entry of entries) {
    if (slice.isOver) await slice.rest();
    if (entry.type === "file") contents.set(entry.path, entry);
    const content = entry.type === "hardlink" ? contents.get(entry.target) : contents.get(entry.path);
    if (content === undefined) continue;
    const { digest, sizeBytes, chunks } = content;
    cache.remember(entry.path, writer.statOf(entry.path), {
      digest,
      sizeBytes,
      ...(chunks === undefined ? {} : { chunks }),
    });
  }
  return cache;
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

const notEmpty = (directory: string) =>
  new TreeError({ code: "NOT_EMPTY", message: `${directory} is not empty`, mend: "restore into an empty directory" });
