import { expect, test } from "@jest/globals";
import canonicalize from "canonicalize";
import * as fc from "fast-check";
import { digestOf } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import { encodeTree, parseTree, snapshotDigest, treeDigest, TREE_KIND } from "./canonical.ts";
import { treePath } from "./path.ts";
import { anyTree } from "./tree.arbitrary.ts";
import { DEFAULT_LIMITS, type Tree, type TreeEntry } from "./tree.ts";

const read = (document: unknown) =>
  parseTree(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)));
/** Whether it returns or throws a typed error. */
function outcome(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    return error instanceof TreeError;
  }
}
const refusal = (code: string) => expect.objectContaining({ name: "TreeError", code });

test("what is written is RFC 8785, and reads back", () => {
  fc.assert(
    fc.property(anyTree, (tree) => {
      const bytes = encodeTree(tree);
      expect(bytes.toString()).toBe(canonicalize({ kind: TREE_KIND, entries: tree.entries }));
      expect(parseTree(bytes)).toEqual(tree);
    }),
  );
});

test("a changed byte never reads as the same tree", () => {
  const found = fc.check(
    fc.property(anyTree, fc.nat(), fc.nat(255), (tree, at, value) => {
      const bytes = encodeTree(tree);
      const index = at % bytes.length;
      fc.pre(bytes[index] !== value);
      bytes[index] = value;
      let other: Tree;
      try {
        other = parseTree(bytes);
      } catch (error) {
        return error instanceof TreeError;
      }
      return treeDigest(other) !== treeDigest(tree);
    }),
    { numRuns: 300 },
  );
  expect(found.failed).toBe(false);
});

test("any JSON is read or refused with a typed error", () => {
  const entries = fc.json().map((json) => `{"entries":[${json}],"kind":"${TREE_KIND}"}`);
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string(), entries), (text) => {
      expect(outcome(() => read(text))).toBe(true);
    }),
  );
});

const file = (path: string, more: object = {}) => ({
  digest: digestOf(Buffer.from("x")),
  mode: 420,
  mtimeUs: 0,
  path,
  sizeBytes: 1,
  type: "file",
  ...more,
});
const directory = (path: string) => ({ mode: 493, mtimeUs: 0, path, type: "directory" });
const tree = (...entries: object[]) => ({ entries, kind: TREE_KIND });
const chunk = (sizeBytes: number) => ({ digest: digestOf(Buffer.from("c")), sizeBytes });

test.each([
  ["an escaping path", tree(file("../x"))],
  ["an absolute path", tree(file("/etc/x"))],
  ["an escaped dot-dot", tree(file("\\x2e\\x2e"))],
  ["a path through a link", tree({ mtimeUs: 0, path: "l", target: "/etc", type: "symlink" }, file("l/x"))],
  ["a path through a file", tree(file("f"), file("f/x"))],
  ["a path without parent", tree(file("d/x"))],
  ["a path twice", tree(file("a"), file("a"))],
  ["entries out of order", tree(file("b"), file("a"))],
  ["a hardlink to nothing", tree({ path: "h", target: "x", type: "hardlink" })],
  [
    "a hardlink to a link",
    tree(
      { mtimeUs: 0, path: "a", target: "/etc/passwd", type: "symlink" },
      { path: "h", target: "a", type: "hardlink" },
    ),
  ],
  ["a hardlink out of the tree", tree({ path: "h", target: "../x", type: "hardlink" })],
  ["an unknown type", tree({ path: "a", type: "device" })],
  ["a further member", tree(file("a", { uid: 0 }))],
  ["a negative size", tree(file("a", { sizeBytes: -1 }))],
  ["a fractional mode", tree(file("a", { mode: 1.5 }))],
  ["mode bits of a device", tree(file("a", { mode: 0o20644 }))],
  ["a time that cannot be set", tree(file("a", { mtimeUs: -1 }))],
  ["a size that its chunks contradict", tree(file("a", { chunks: [chunk(1), chunk(1)], sizeBytes: 3 }))],
  ["an oversized chunk", tree(file("a", { chunks: [chunk(1), chunk(300_000)], sizeBytes: 300_001 }))],
  ["a large file without chunks", tree(file("a", { sizeBytes: 300_000 }))],
  ["an empty file with a digest of something", tree(file("a", { sizeBytes: 0 }))],
  ["a link to nowhere", tree({ mtimeUs: 0, path: "a", target: "", type: "symlink" })],
  ["white space", `${JSON.stringify(tree())} `],
  ["another kind", { entries: [], kind: "cofferdam.tree/v2" }],
  ["no JSON", "{"],
])("%s is refused", (_, document) => {
  expect(() => read(document)).toThrow(expect.objectContaining({ name: "TreeError" }));
});

test("limits end what is too large or too deep", () => {
  const bytes = (entries: object[]) => Buffer.from(JSON.stringify(tree(...entries)));
  const few = { ...DEFAULT_LIMITS, maxEntries: 1 };
  expect(() => parseTree(bytes([file("a"), file("b")]), few)).toThrow(refusal("LIMIT_EXCEEDED"));
  const small = { ...DEFAULT_LIMITS, maxContentBytes: 1 };
  expect(() => parseTree(bytes([file("a"), file("b")]), small)).toThrow(refusal("LIMIT_EXCEEDED"));
  const flat = { ...DEFAULT_LIMITS, maxDepth: 1 };
  expect(() => parseTree(bytes([directory("a"), file("a/b")]), flat)).toThrow(refusal("LIMIT_EXCEEDED"));
});

test("digests are the same on every machine", () => {
  const entries: TreeEntry[] = [
    { type: "directory", path: treePath("d"), mode: 0o755, mtimeUs: 1_700_000_000_000_000 },
    { type: "file", path: treePath("d/f"), mode: 0o644, mtimeUs: 1, digest: digestOf(Buffer.from("x")), sizeBytes: 1 },
  ];
  const digest = treeDigest({ entries });
  expect(digest).toBe("sha256:cdfc38de4a2b0f0d74a2900f576441208d45da3e8b8087a306ac92ddd917eb28");
  expect(snapshotDigest(digest, "")).toBe("sha256:4b1bbad13689fd56e62cf07373f5ec6809a76cfc430a867a84af69ee09454ef0");
});
