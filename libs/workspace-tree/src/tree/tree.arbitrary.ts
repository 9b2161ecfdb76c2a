import * as fc from "fast-check";
import { digestOf } from "@cofferdam/storage";
import { comparePaths, parentOf, parseTreePath, textOfBytes, type TreePath } from "./path.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** Names as hostile programs choose them: any bytes but `/` and NUL. */
const oddName = fc
  .uint8Array({ minLength: 1, maxLength: 6 })
  .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f))
  .map(textOfBytes)
  .filter((name) => name !== "." && name !== "..");

const name = fc.oneof(fc.constantFrom("a", "b", "c", "a.txt", "a-b", "-rf", "é", "日本", "new\nline", " "), oddName);

export const anyPath: fc.Arbitrary<TreePath> = fc
  .array(name, { minLength: 1, maxLength: 4 })
  .map((names) => parseTreePath(names.join("/")));

export interface Content {
  readonly tree: Tree;
  /** Bytes of its one-chunk files, by path. */
  readonly files: ReadonlyMap<TreePath, Uint8Array>;
}

const node = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("file" as const), bytes: fc.uint8Array({ maxLength: 200 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("directory" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("symlink" as const),
      target: fc.oneof(fc.constantFrom("..", "/etc/passwd", "a", "missing"), oddName),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("hardlink" as const) }) },
);

const attributes = fc.record({
  mode: fc.integer({ min: 0, max: 0o777 }).map((mode) => mode | 0o600),
  mtimeUs: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
});

type Node = typeof node extends fc.Arbitrary<infer N> ? N : never;
type Attributes = typeof attributes extends fc.Arbitrary<infer A> ? A : never;

/** Valid trees of small files, links of all kinds and odd names. */
export const anyContent: fc.Arbitrary<Content> = fc
  .array(fc.tuple(anyPath, node, attributes), { maxLength: 12 })
  .map((items) => built(items));

export const anyTree: fc.Arbitrary<Tree> = anyContent.map(({ tree }) => tree);

function built(items: readonly (readonly [TreePath, Node, Attributes])[]): Content {
  const nodes = new Map<TreePath, readonly [Node, Attributes]>();
  for (const [path, item, given] of items) nodes.set(path, [item, given]);
  for (const [path, , given] of items) {
    for (let folder = parentOf(path); folder !== undefined; folder = parentOf(folder)) {
      nodes.set(folder, [{ type: "directory" }, { ...given, mode: given.mode | 0o700 }]);
    }
  }
  const files = new Map<TreePath, Uint8Array>();
  const entries: TreeEntry[] = [];
  for (const [path, [item, given]] of [...nodes].sort(([a], [b]) => comparePaths(a, b))) {
    const [first] = files.keys();
    if (item.type === "hardlink" && first !== undefined) entries.push({ type: "hardlink", path, target: first });
    else if (item.type === "directory") entries.push({ type: "directory", path, ...given, mode: given.mode | 0o700 });
    else if (item.type === "symlink") {
      entries.push({ type: "symlink", path, mtimeUs: given.mtimeUs, target: item.target });
    } else {
      const bytes = item.type === "file" ? item.bytes : new Uint8Array();
      files.set(path, bytes);
      entries.push({ type: "file", path, ...given, digest: digestOf(bytes), sizeBytes: bytes.length });
    }
  }
  return { tree: { entries }, files };
}
