import { type Digest, digestOf, isDigest } from "@cofferdam/storage";
import { MAX_CHUNK_BYTES } from "../chunk/fast-cdc.ts";
import { TreeError } from "../errors.ts";
import { bytesOfText, comparePaths, MAX_PATH_BYTES, parentOf, parseTreePath, type TreePath } from "./path.ts";
import { DEFAULT_LIMITS, type FileEntry, MAX_MTIME_US, type Tree, type TreeEntry, type TreeLimits } from "./tree.ts";

const EMPTY: Digest = digestOf(new Uint8Array());

/**
 * Checks that a tree can exist below one directory and nowhere else: paths stay inside and are in order, each parent is a directory of the
 * tree (so no path passes through a link), hardlinks name a file before them, sizes and chunks agree.
 *
 * @throws TreeError INVALID_TREE, INVALID_PATH, LIMIT_EXCEEDED
 */
export function validateTree(tree: Tree, limits: TreeLimits = DEFAULT_LIMITS): void {
  const directories = new Set<TreePath>();
  const files = new Set<TreePath>();
  let previous: TreePath | undefined;
  let contentBytes = 0;
  if (tree.entries.length > limits.maxEntries) throw exceeded(`${tree.entries.length} entries`, limits.maxEntries);
  for (const entry of tree.entries) {
    parseTreePath(entry.path);
    if (previous !== undefined && comparePaths(previous, entry.path) >= 0) throw invalid(entry, "is not in order");
    previous = entry.path;
    checkPlace(entry, directories, limits);
    checkFields(entry, files);
    if (entry.type === "directory") directories.add(entry.path);
    if (entry.type !== "file") continue;
    files.add(entry.path);
    contentBytes += entry.sizeBytes;
    if (contentBytes > limits.maxContentBytes) throw exceeded(`${contentBytes} bytes`, limits.maxContentBytes);
  }
}

function checkPlace(entry: TreeEntry, directories: ReadonlySet<TreePath>, limits: TreeLimits): void {
  const parent = parentOf(entry.path);
  if (parent === undefined) return;
  if (!directories.has(parent)) throw invalid(entry, "lies in no directory of the tree");
  if (entry.path.split("/").length > limits.maxDepth) throw exceeded(`path ${quoted(entry.path)}`, limits.maxDepth);
}

function checkFields(entry: TreeEntry, files: ReadonlySet<TreePath>): void {
  if (entry.type === "hardlink") {
    if (!files.has(entry.target))
      throw invalid(entry, `is a hardlink to ${quoted(entry.target)}, which is no file before it`);
    return;
  }
  if (!isNatural(entry.mtimeUs) || entry.mtimeUs > MAX_MTIME_US) throw invalid(entry, "has a time that cannot be set");
  if (entry.type === "symlink") {
    const target = bytesOfText(entry.target);
    const fits = target.length > 0 && target.length <= MAX_PATH_BYTES && !target.includes(0);
    if (!fits) throw invalid(entry, "is a link with a target that no link can have");
    return;
  }
  if (!isNatural(entry.mode) || entry.mode > 0o7777) throw invalid(entry, "has mode bits beyond 0o7777");
  if (entry.type === "file") checkContent(entry);
}

function checkContent(entry: FileEntry): void {
  if (!isNatural(entry.sizeBytes)) throw invalid(entry, "has a size that is no natural number");
  if (!isDigest(entry.digest)) throw invalid(entry, "has no sha256 digest");
  if (entry.chunks === undefined) {
    if (entry.sizeBytes > MAX_CHUNK_BYTES) throw invalid(entry, `is larger than a chunk and names none`);
    if ((entry.sizeBytes === 0) !== (entry.digest === EMPTY))
      throw invalid(entry, "has a digest that contradicts its size");
    return;
  }
  if (entry.chunks.length < 2) throw invalid(entry, "lists chunks though one at most is needed");
  let sum = 0;
  for (const { digest, sizeBytes } of entry.chunks) {
    if (!isDigest(digest)) throw invalid(entry, "has a chunk without sha256 digest");
    if (!isNatural(sizeBytes) || sizeBytes === 0 || sizeBytes > MAX_CHUNK_BYTES)
      throw invalid(entry, "has a chunk of an impossible size");
    sum += sizeBytes;
  }
  if (sum !== entry.sizeBytes) throw invalid(entry, `has ${entry.sizeBytes} bytes, but its chunks ${sum}`);
}

const isNatural = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const quoted = (text: string): string => JSON.stringify(text.slice(0, 200));

const invalid = (entry: TreeEntry, problem: string) =>
  new TreeError({ code: "INVALID_TREE", message: `entry ${quoted(entry.path)} ${problem}` });

const exceeded = (what: string, limit: number) =>
  new TreeError({
    code: "LIMIT_EXCEEDED",
    message: `tree: ${what} exceed the limit of ${limit}`,
    mend: "leave something out",
  });
