import { comparePaths, type TreePath } from "./path.ts";
import type { FileEntry, Tree, TreeEntry } from "./tree.ts";

export interface TreeDiff {
  /** In order: new paths, and those whose content, type, mode, link target or (directories aside) time changed. */
  readonly written: readonly TreePath[];
  /** In order. */
  readonly removed: readonly TreePath[];
}

/** What was done to `before` to become `after`. That a directory's time changed is the trace of other changes, and no write. */
export function diffTrees(before: Tree, after: Tree): TreeDiff {
  const written: TreePath[] = [];
  const removed: TreePath[] = [];
  const [oldFiles, newFiles] = [filesOf(before), filesOf(after)];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [before.entries[i], after.entries[j]];
    if (a === undefined && b === undefined) return { written, removed };
    const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path);
    if (a !== undefined && order <= 0) i++;
    if (b !== undefined && order >= 0) j++;
    if (a !== undefined && order < 0) removed.push(a.path);
    else if (b !== undefined && (a === undefined || order > 0 || !isSame(a, b, oldFiles, newFiles)))
      written.push(b.path);
  }
}

type Files = ReadonlyMap<TreePath, FileEntry>;

const filesOf = (tree: Tree): Files =>
  new Map(tree.entries.flatMap((entry) => (entry.type === "file" ? [[entry.path, entry] as const] : [])));

function isSame(a: TreeEntry, b: TreeEntry, oldFiles: Files, newFiles: Files): boolean {
  if (a.type === "hardlink" && b.type === "hardlink") {
    const [from, to] = [oldFiles.get(a.target), newFiles.get(b.target)];
    return a.target === b.target && from !== undefined && to !== undefined && isSame(from, to, oldFiles, newFiles);
  }
  if (a.type === "directory" && b.type === "directory") return a.mode === b.mode;
  if (a.type === "symlink" && b.type === "symlink") return a.target === b.target && a.mtimeUs === b.mtimeUs;
  if (a.type !== "file" || b.type !== "file") return false;
  return a.digest === b.digest && a.mode === b.mode && a.mtimeUs === b.mtimeUs;
}
