import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { digestOf } from "@cofferdam/storage";
import { encodeTree, treeDigest } from "../tree/canonical.ts";
import { comparePaths, treePath } from "../tree/path.ts";
import { selectEntries } from "../tree/select.ts";
import { anyContent, type Content } from "../tree/tree.arbitrary.ts";
import { chunksOf, type Tree } from "../tree/tree.ts";
import { validateTree } from "../tree/validate.ts";
import { type GetChunks, materialize } from "./materialize.ts";
import { scan } from "./scan.ts";

const base = mkdtempSync(join(tmpdir(), "cofferdam-tree-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folders = 0;
const fresh = (): string => join(base, `f${folders++}`);

const chunksFrom = ({ files }: Pick<Content, "files">): GetChunks => {
  const byDigest = new Map([...files.values()].map((bytes) => [digestOf(bytes), bytes]));
  return async function* (digests) {
    for (const digest of digests) yield { digest, data: byDigest.get(digest) ?? new Uint8Array() };
  };
};

test("any tree, restored and scanned, is the same tree", async () => {
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      const dir = fresh();
      const cache = await materialize(content.tree, dir, chunksFrom(content));
      const scanned = await scan(dir);
      expect(encodeTree(scanned.tree).toString()).toBe(encodeTree(content.tree).toString());
      const cached = await scan(dir, { previous: cache });
      expect(treeDigest(cached.tree)).toBe(treeDigest(content.tree));
      rmSync(dir, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

test("any part of a tree is a tree, and is restored as such", async () => {
  await fc.assert(
    fc.asyncProperty(anyContent, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), async (content, picks) => {
      const all = content.tree.entries;
      fc.pre(all.length > 0);
      const paths = picks.flatMap((pick) => all[pick % all.length]?.path ?? []);
      const part: Tree = { entries: selectEntries(content.tree, paths) };
      validateTree(part);
      const dir = fresh();
      await materialize(content.tree, dir, chunksFrom(content), { paths });
      expect(treeDigest((await scan(dir)).tree)).toBe(treeDigest(part));
      rmSync(dir, { recursive: true });
    }),
    { numRuns: 40 },
  );
});

const large = Buffer.alloc(900_000, "all work and no play ");
const pieces = [
  large.subarray(0, 200_000),
  large.subarray(200_000, 400_000),
  large.subarray(400_000, 650_000),
  large.subarray(650_000),
];
const largeFile: Tree = {
  entries: [
    {
      type: "file",
      path: treePath("large"),
      mode: 0o640,
      mtimeUs: 5,
      sizeBytes: large.length,
      digest: digestOf(large),
      chunks: pieces.map((bytes) => ({ digest: digestOf(bytes), sizeBytes: bytes.length })),
    },
  ],
};
const largeChunks = { files: new Map(pieces.map((bytes, i) => [treePath(`${i}`), bytes])) };

test("chunks may come in any order", async () => {
  const dir = fresh();
  await materialize(largeFile, dir, (digests) => chunksFrom(largeChunks)(digests.toReversed()));
  const { tree } = await scan(dir);
  expect(tree.entries).toMatchObject([{ digest: digestOf(large), mode: 0o640, mtimeUs: 5 }]);
});

test.each([
  [
    "swapped",
    (): GetChunks =>
      async function* (digests) {
        for (const digest of digests) yield { digest, data: pieces[0] ?? large };
      },
  ],
  [
    "left out",
    (): GetChunks =>
      async function* (digests) {
        yield* chunksFrom(largeChunks)(digests.slice(1));
      },
  ],
  [
    "not asked for",
    (): GetChunks =>
      async function* (digests) {
        yield* chunksFrom(largeChunks)(digests);
        yield { digest: digestOf(large), data: large };
      },
  ],
])("a chunk that is %s is CORRUPT", async (_, chunks) => {
  await expect(materialize(largeFile, fresh(), chunks())).rejects.toMatchObject({ code: "CORRUPT" });
});

test("a directory that holds something is left alone", async () => {
  const dir = fresh();
  mkdirSync(join(dir, "x"), { recursive: true });
  await expect(materialize(largeFile, dir, chunksFrom(largeChunks))).rejects.toMatchObject({ code: "NOT_EMPTY" });
});

test("a read-only restore takes all write permissions away", async () => {
  const dir = fresh();
  await materialize(largeFile, dir, chunksFrom(largeChunks), { readOnly: true });
  expect(statSync(join(dir, "large")).mode & 0o777).toBe(0o440);
});

test("a caller that gave up ends a restore", async () => {
  const many: Tree = {
    entries: Array.from({ length: 5_000 }, (_, i) => ({
      type: "directory" as const,
      path: treePath(`d${i}`),
      mode: 0o755,
      mtimeUs: 0,
    })).sort((a, b) => comparePaths(a.path, b.path)),
  };
  const restoring = materialize(many, fresh(), chunksFrom(largeChunks), { signal: AbortSignal.abort() });
  await expect(restoring).rejects.toMatchObject({ code: "ABORTED", kind: "cancelled" });
});

test("every chunk of a file is named once more by the file itself", () => {
  const [entry] = largeFile.entries;
  expect(entry?.type === "file" ? chunksOf(entry).length : 0).toBe(4);
});

(process.getuid?.() === 0 ? describe : describe.skip)("as root", () => {
  test("a restore for a user gives all to that user, with its set-id bits; for none, without them", async () => {
    const tree: Tree = {
      entries: [
        { type: "directory", path: treePath("d"), mode: 0o2755, mtimeUs: 0 },
        {
          type: "file",
          path: treePath("d/f"),
          mode: 0o4755,
          mtimeUs: 0,
          digest: digestOf(new Uint8Array()),
          sizeBytes: 0,
        },
        { type: "symlink", path: treePath("d/l"), mtimeUs: 0, target: "f" },
      ],
    };
    const [theirs, ours] = [fresh(), fresh()];
    await materialize(tree, theirs, chunksFrom(largeChunks), { uid: 12_345, gid: 23_456 });
    await materialize(tree, ours, chunksFrom(largeChunks));
    const of = (dir: string, name: string) => {
      const { uid, gid, mode } = statSync(join(dir, name));
      return [uid, gid, (mode & 0o7777).toString(8)];
    };
    expect(of(theirs, "d/f")).toEqual([12_345, 23_456, "4755"]);
    expect(of(theirs, "d")).toEqual([12_345, 23_456, "2755"]);
    expect(of(ours, "d/f")).toEqual([0, 0, "755"]);
  });
});
