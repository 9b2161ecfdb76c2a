import { TreeError } from "../errors.ts";
import { parentOf, type TreePath } from "./path.ts";
import type { FileEntry, Tree, TreeEntry } from "./tree.ts";

/**
 * The part of a tree that `paths` name: those entries, what lies below them, and the directories that lead to them. Where a file's first name
 * is left out, the next one that stays becomes the file.
 *
 * @throws TreeError NOT_FOUND when a path names nothing.
 */
export function selectEntries(tree: Tree, paths: readonly TreePath[]): TreeEntry[] {
  const chosen = new Set(paths);
  const leading = new Set<TreePath>();
  for (const path of chosen) for (const folder of ancestors(path)) leading.add(folder);
  const missing = new Set(chosen);
  const files = new Map<TreePath, FileEntry>();
  const firstNames = new Map<TreePath, TreePath>();
  const selected: TreeEntry[] = [];
  for (const entry of tree.entries) {
    missing.delete(entry.path);
    if (entry.type === "file") files.set(entry.path, entry);
    const below = chosen.has(entry.path) || ancestors(entry.path).some((folder) => chosen.has(folder));
    if (!below && !(entry.type === "directory" && leading.has(entry.path))) continue;
    selected.push(entry.type === "hardlink" ? renamed(entry.path, entry.target, files, firstNames) : entry);
    if (entry.type === "file") firstNames.set(entry.path, entry.path);
  }
  const [lost] = missing;
  if (lost === undefined) return selected;
  throw new TreeError({
    code: "NOT_FOUND",
    message: `the tree holds no ${JSON.stringify(lost)}`,
    mend: "check the path",
  });
}

function renamed(
  path: TreePath,
  target: TreePath,
  files: ReadonlyMap<TreePath, FileEntry>,
  firstNames: Map<TreePath, TreePath>,
): TreeEntry {
  const first = firstNames.get(target);
  if (first !== undefined) return { type: "hardlink", path, target: first };
  const file = files.get(target);
  if (file === undefined)
    throw new TreeError({ code: "INVALID_TREE", message: `hardlink ${JSON.stringify(path)} names no file` });
  firstNames.set(target, path);
  return { ...file, path };
}

function ancestors(path: TreePath): TreePath[] {
  const folders: TreePath[] = [];
  for (let folder = parentOf(path); folder !== undefined; folder = parentOf(folder)) folders.push(folder);
  return folders;
}
