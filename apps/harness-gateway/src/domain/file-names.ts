import type { FileEntry, Tree, TreePath } from "@cofferdam/workspace-tree";

/** Every name of a file in a tree, in the order of their bytes, with what it holds. Links are not files. */
export function fileNames(tree: Tree): { readonly path: TreePath; readonly file: FileEntry }[] {
  const files = new Map(tree.entries.flatMap((entry) => (entry.type === "file" ? [[entry.path, entry] as const] : [])));
  return tree.entries.flatMap((entry) => {
    const file = entry.type === "hardlink" ? files.get(entry.target) : entry.type === "file" ? entry : undefined;
    return file === undefined ? [] : [{ path: entry.path, file }];
  });
}
