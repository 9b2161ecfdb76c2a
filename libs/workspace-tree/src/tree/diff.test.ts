import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { diffTrees } from "./diff.ts";
import { comparePaths } from "./path.ts";
import { anyTree } from "./tree.arbitrary.ts";
import type { Tree } from "./tree.ts";

const byPath = (tree: Tree) => new Map(tree.entries.map((entry) => [entry.path, entry]));

test("a tree does not differ from itself", () => {
  fc.assert(fc.property(anyTree, (tree) => expect(diffTrees(tree, tree)).toEqual({ written: [], removed: [] })));
});

test("from nothing all is written, to nothing all is removed", () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const paths = tree.entries.map((entry) => entry.path);
      expect(diffTrees({ entries: [] }, tree)).toEqual({ written: paths, removed: [] });
      expect(diffTrees(tree, { entries: [] })).toEqual({ written: [], removed: paths });
    }),
  );
});

test("the old tree without what was removed, with what was written, is the new one but for directories' times", () => {
  fc.assert(
    fc.property(anyTree, anyTree, (before, after) => {
      const { written, removed } = diffTrees(before, after);
      const next = byPath(after);
      const result = byPath(before);
      for (const path of removed) expect(result.delete(path)).toBe(true);
      for (const path of written) {
        const entry = next.get(path);
        if (entry !== undefined) result.set(path, entry);
      }
      const timeless = (tree: Iterable<Tree["entries"][number]>) =>
        [...tree]
          .map((entry) => (entry.type === "directory" ? { ...entry, mtimeUs: 0 } : entry))
          .sort((a, b) => comparePaths(a.path, b.path));
      expect(timeless(result.values())).toEqual(timeless(after.entries));
    }),
  );
});

test("what is written one way is written or removed the other way", () => {
  fc.assert(
    fc.property(anyTree, anyTree, (a, b) => {
      const [there, back] = [diffTrees(a, b), diffTrees(b, a)];
      expect(new Set([...there.written, ...there.removed])).toEqual(new Set([...back.written, ...back.removed]));
    }),
  );
});
