import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { type Digest, digestOf, fileStore } from "@cofferdam/storage";
import { chunksIn } from "../chunk/fast-cdc.ts";
import { PackBuilder } from "../pack/pack-builder.ts";
import { loadCatalog, packKey, writeIndex } from "../pack/load-catalog.ts";
import { encodeTree, snapshotDigest } from "../tree/canonical.ts";
import { treePath } from "../tree/path.ts";
import type { FileEntry, Tree } from "../tree/tree.ts";
import type { Finding } from "./finding.ts";
import { checkStore, verifySnapshot } from "./verify-snapshot.ts";

const base = mkdtempSync(join(tmpdir(), "cofferdam-verify-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let stores = 0;

const noise = (bytes: number, seed: string): Buffer =>
  Buffer.concat(Array.from({ length: bytes / 32 }, (_, i) => createHash("sha256").update(`${seed}${i}`).digest()));

function fileOf(path: string, bytes: Buffer): FileEntry {
  const chunks = [...chunksIn(bytes)].map((chunk) => ({ digest: digestOf(chunk), sizeBytes: chunk.length }));
  const file = { type: "file", path: treePath(path), mode: 0o644, mtimeUs: 0, sizeBytes: bytes.length } as const;
  return chunks.length > 1 ? { ...file, digest: digestOf(bytes), chunks } : { ...file, digest: digestOf(bytes) };
}

/** A store with two packs of content and one of a commit. */
async function stored(change: (tree: Tree) => Tree = (tree) => tree) {
  const dir = join(base, `s${stores++}`);
  const store = fileStore(dir);
  const contents = { big: noise(640_000, "big"), small: Buffer.from("small") };
  const keys: string[] = [];
  const put = async (builder: PackBuilder, ...commit: Parameters<PackBuilder["build"]>) => {
    const pack = builder.build(...commit);
    await store.put(packKey(pack.name), Buffer.concat(pack.parts), { ifAbsent: true });
    keys.push(packKey(pack.name));
  };
  for (const bytes of Object.values(contents)) {
    const builder = new PackBuilder();
    for (const chunk of chunksIn(bytes)) builder.add(digestOf(chunk), chunk);
    await put(builder);
  }
  const tree = change({ entries: [fileOf("big", contents.big), fileOf("small", contents.small)] });
  const bytes = encodeTree(tree);
  const builder = new PackBuilder();
  builder.add(digestOf(bytes), bytes);
  const digest = snapshotDigest(digestOf(bytes), "");
  await put(builder, {
    snapshot: digest,
    tree: digestOf(bytes),
    treeChunks: [digestOf(bytes)],
    parent: "",
    log: "r",
    epoch: 1,
    label: "",
    committedAt: "2026-01-01T00:00:00.000Z",
  });
  const damage = (pack: number, at: number) => {
    const file = join(dir, keys[pack] ?? "");
    const damaged = readFileSync(file);
    const index = at < 0 ? damaged.length + at : at;
    damaged.writeUInt8(damaged.readUInt8(index) ^ 0x55, index);
    writeFileSync(file, damaged);
  };
  const remove = (pack: number) => rmSync(join(dir, keys[pack] ?? ""));
  return { store, digest, damage, remove };
}

async function all(findings: AsyncIterable<Finding>): Promise<Finding[]> {
  const list: Finding[] = [];
  for await (const finding of findings) list.push(finding);
  return list;
}

const codes = (findings: readonly Finding[]) => findings.map((finding) => finding.code);

test("a whole store has no findings", async () => {
  const { store, digest } = await stored();
  expect(await all(verifySnapshot(store, digest))).toEqual([]);
  expect(await all(checkStore(store))).toEqual([]);
});

test("a damaged chunk names its object, and the paths that are lost", async () => {
  const { store, digest, damage } = await stored();
  damage(0, 100_000);
  for (const findings of [await all(verifySnapshot(store, digest)), await all(checkStore(store))]) {
    expect(findings).toMatchObject([
      { code: "DAMAGED_CHUNK", object: expect.stringContaining("snapshots/packs/") },
      { code: "DAMAGED_SNAPSHOT", digest, paths: ["big"], message: expect.stringContaining("1 of 2 files") },
    ]);
  }
});

test("a damaged trailer is a damaged object, its chunks are missing", async () => {
  const { store, digest, damage } = await stored();
  damage(1, -60);
  expect(codes(await all(checkStore(store)))).toEqual(["DAMAGED_OBJECT", "MISSING_CHUNK", "DAMAGED_SNAPSHOT"]);
  expect(codes(await all(verifySnapshot(store, digest)))).toEqual(["MISSING_CHUNK", "DAMAGED_SNAPSHOT"]);
});

test("a missing object is noticed", async () => {
  const { store, digest, remove } = await stored();
  remove(1);
  expect(codes(await all(checkStore(store)))).toEqual(["MISSING_CHUNK", "DAMAGED_SNAPSHOT"]);
  remove(2);
  expect(codes(await all(verifySnapshot(store, digest)))).toEqual(["MISSING_SNAPSHOT"]);
});

test("a tree that lies about a file is noticed", async () => {
  const wrong = digestOf(Buffer.from("something else"));
  const { store, digest } = await stored((tree) => ({
    entries: tree.entries.map((entry) =>
      entry.path === "big" && entry.type === "file" ? { ...entry, digest: wrong } : entry,
    ),
  }));
  expect(codes(await all(verifySnapshot(store, digest)))).toEqual(["WRONG_FILE", "DAMAGED_SNAPSHOT"]);
});

test("any single damaged byte of any pack is found", async () => {
  const places: readonly (readonly [number, number])[] = [
    [0, 0],
    [0, 8],
    [0, 300_000],
    [0, -1],
    [0, -20],
    [0, -45],
    [0, -200],
    [1, 9],
    [2, 30],
    [2, -100],
  ];
  for (const [pack, at] of places) {
    const { store, damage } = await stored();
    damage(pack, at);
    expect([pack, at, await all(checkStore(store))]).not.toEqual([pack, at, []]);
  }
});

test("an index object saves reading trailers, and is not needed", async () => {
  const { store, digest } = await stored();
  const first = await loadCatalog(store);
  expect(first.uncovered).toHaveLength(3);
  await writeIndex(store, first.uncovered);
  const second = await loadCatalog(store);
  expect(second.uncovered).toEqual([]);
  expect(second.catalog.counts).toEqual(first.catalog.counts);
  expect([...second.catalog.chunks()]).toEqual([...first.catalog.chunks()]);
  for await (const { key } of store.list("snapshots/index/")) await store.put(key, Buffer.from("damaged"));
  expect(await all(verifySnapshot(store, digest))).toEqual([]);
  expect(codes(await all(checkStore(store)))).toEqual(["DAMAGED_OBJECT"]);
});

test("what nobody committed is MISSING_SNAPSHOT", async () => {
  const { store } = await stored();
  const absent: Digest = digestOf(Buffer.from("absent"));
  expect(codes(await all(verifySnapshot(store, absent)))).toEqual(["MISSING_SNAPSHOT"]);
});
