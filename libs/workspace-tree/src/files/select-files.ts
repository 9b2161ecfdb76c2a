import { realpath } from "node:fs/promises";
import { constants } from "node:fs";
import { TreeError } from "../errors.ts";
import {
  bytesOfText,
  comparePaths,
  nameOf,
  parentOf,
  parseTreePath,
  textOfBytes,
  type TreePath,
} from "../tree/path.ts";
import { DEFAULT_LIMITS, type FileEntry, type Tree, type TreeEntry, type TreeLimits } from "../tree/tree.ts";
import { DirectoryHandle } from "./directory-handle.ts";
import { errnoOf, fileError } from "./file-error.ts";
import { type OnChunk, readContent } from "./read-content.ts";
import { mtimeUsOf } from "./scan.ts";
import { TimeSlice } from "./time-slice.ts";

export interface SelectOptions {
  readonly limits?: Partial<TreeLimits>;
  readonly signal?: AbortSignal;
  readonly onChunk?: OnChunk;
}

/**
 * Describes chosen files of a source folder as a read-only tree: files 0444 (0555 where their owner may execute them) with their
 * times, the folders that lead to them 0555 with the time of the youngest file below. So the same content gives the same digest
 * wherever it was read.
 *
 * A path that is a link, or leads through one, is read as a plain file if it ends inside the folder; else ESCAPES.
 *
 * @throws TreeError ESCAPES, NOT_FOUND, INVALID_PATH, CHANGED, LIMIT_EXCEEDED, ACCESS_DENIED, ABORTED
 */
export async function selectFiles(
  root: string,
  paths: readonly TreePath[],
  options: SelectOptions = {},
): Promise<Tree> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const slice = new TimeSlice(options.signal);
  const realRoot = await resolved(Buffer.from(root), root);
  const files: FileEntry[] = [];
  let contentBytes = 0;
  using directory = DirectoryHandle.openRoot(root);
  for (const path of new Set(paths)) {
    if (slice.isOver) await slice.rest();
    const target = await targetOf(realRoot, parseTreePath(path));
    const file = await describe(directory, path, target, slice, options.onChunk);
    contentBytes += file.sizeBytes;
    if (files.length >= limits.maxEntries) throw exceeded("files", limits.maxEntries);
    if (contentBytes > limits.maxContentBytes) throw exceeded("bytes", limits.maxContentBytes);
    files.push(file);
  }
  const entries: TreeEntry[] = [...foldersOf(files), ...files];
  return { entries: entries.sort((a, b) => comparePaths(a.path, b.path)) };
}

/** Where the path really is below the root: links are resolved now, and none is followed later, whoever swaps what meanwhile. */
async function targetOf(realRoot: Buffer, path: TreePath): Promise<TreePath> {
  const inside = realRoot.equals(Buffer.from("/")) ? realRoot : Buffer.concat([realRoot, Buffer.from("/")]);
  const real = await resolved(Buffer.concat([inside, bytesOfText(path)]), path);
  if (real.subarray(0, inside.length).equals(inside)) return parseTreePath(textOfBytes(real.subarray(inside.length)));
  throw new TreeError({
    code: "ESCAPES",
    message: `${JSON.stringify(path)} leads out of its folder through a symbolic link`,
    mend: "copy the file into the folder, or leave it out",
  });
}

async function resolved(path: Buffer, name: string): Promise<Buffer> {
  try {
    return Buffer.from(await realpath(path, { encoding: "buffer" }));
  } catch (error) {
    if (!["ENOENT", "ENOTDIR", "ELOOP"].includes(errnoOf(error)))
      throw fileError(error, `read ${JSON.stringify(name)}`);
    throw new TreeError({
      code: "NOT_FOUND",
      message: `there is no ${JSON.stringify(name)}`,
      mend: "check the path",
      cause: error,
    });
  }
}

async function describe(
  root: DirectoryHandle,
  path: TreePath,
  target: TreePath,
  slice: TimeSlice,
  onChunk: OnChunk | undefined,
): Promise<FileEntry> {
  try {
    using folder = root.openBelow(parentOf(target) ?? "");
    const name = bytesOfText(nameOf(target));
    const stats = folder.lstat(name);
    if (!stats.isFile()) throw notAFile(path);
    const mode = (Number(stats.mode) & constants.S_IXUSR) === 0 ? 0o444 : 0o555;
    const content = await readContent(folder, name, stats, slice, onChunk);
    return { type: "file", path, mode, mtimeUs: mtimeUsOf(stats), ...content };
  } catch (error) {
    throw fileError(error, `read ${JSON.stringify(path)}`);
  }
}

function foldersOf(files: readonly FileEntry[]): TreeEntry[] {
  const youngest = new Map<TreePath, number>();
  for (const { path, mtimeUs } of files) {
    for (let folder = parentOf(path); folder !== undefined; folder = parentOf(folder)) {
      youngest.set(folder, Math.max(youngest.get(folder) ?? 0, mtimeUs));
    }
  }
  return [...youngest].map(([path, mtimeUs]) => ({ type: "directory", path, mode: 0o555, mtimeUs }));
}

const notAFile = (path: TreePath) =>
  new TreeError({
    code: "NOT_FOUND",
    message: `${JSON.stringify(path)} is not a file`,
    mend: "choose regular files only",
  });

const exceeded = (what: string, limit: number) =>
  new TreeError({
    code: "LIMIT_EXCEEDED",
    message: `selection: ${what} exceed the limit of ${limit}`,
    mend: "choose less, or raise the limit",
  });
