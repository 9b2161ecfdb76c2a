import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "@jest/globals";
import { snapshot } from "@cofferdam/contracts";
import { Address, connect, rpc, type Service, silentLogger } from "@cofferdam/service";
import { digestOf } from "@cofferdam/storage";
import { encodeTree, pullTree, pushFiles, pushTree, scan, treeDigest, treePath } from "@cofferdam/workspace-tree";
import { createSnapshotStore } from "./index.ts";

const base = mkdtempSync(join(tmpdir(), "cofferdam-snapshots-"));
let folders = 0;
const fresh = (): string => {
  const path = join(base, `f${folders++}`);
  mkdirSync(path);
  return path;
};
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

async function open(dataDir: string) {
  const address = Address(`unix:${join(fresh(), "s")}`);
  const service: Service = await createSnapshotStore({ address, dataDir, team: "t", logger: silentLogger });
  const client = connect(snapshot.SnapshotServiceClient, address);
  const close = async () => {
    client.close();
    await service.close();
  };
  closing.push(close);
  return { client, close };
}

function workspace(): string {
  const root = fresh();
  mkdirSync(join(root, "src/deep"), { recursive: true });
  mkdirSync(join(root, "empty"));
  writeFileSync(join(root, "README.md"), "# Hello\n");
  writeFileSync(join(root, "src/deep/big.bin"), randomText(700_000, 1));
  writeFileSync(join(root, "src/run.sh"), "#!/bin/sh\n");
  chmodSync(join(root, "src/run.sh"), 0o755);
  writeFileSync(join(root, "nothing"), "");
  symlinkSync("../README.md", join(root, "src/link"));
  symlinkSync("/etc/passwd", join(root, "absolute"));
  linkSync(join(root, "README.md"), join(root, "src/second-name"));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/od`), Buffer.from([0xff, 0x0a, 0x5c])]), "odd");
  writeFileSync(join(root, "sparse"), "");
  truncateSync(join(root, "sparse"), 3_000_000);
  return root;
}

/** Text that neither compresses away nor repeats, the same for the same seed. */
function randomText(bytes: number, seed: number): Buffer {
  const text = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    text[i] = 32 + ((state >>> 16) % 90);
  }
  return text;
}

const asked = { team: "t", log: "r1/t1", epoch: 1 } as const;

test("a workspace comes back as it was: bytes, names, modes, links, times", async () => {
  const { client } = await open(fresh());
  const root = workspace();
  const pushed = await pushTree(client, { ...asked, root });
  const dir = join(fresh(), "restored");
  const pulled = await pullTree(client, { team: "t", digest: pushed.snapshotDigest, dir });
  expect(pulled.treeDigest).toBe(pushed.treeDigest);
  expect(treeDigest((await scan(dir)).tree)).toBe(pushed.treeDigest);
  execFileSync("diff", ["-r", "--no-dereference", root, dir]);
});

test("what a restarted store acknowledged before is restorable", async () => {
  const dataDir = fresh();
  const first = await open(dataDir);
  const pushed = await pushTree(first.client, { ...asked, root: workspace() });
  await first.close();
  const { client } = await open(dataDir);
  const dir = join(fresh(), "restored");
  await pullTree(client, { team: "t", digest: pushed.snapshotDigest, dir });
  expect(treeDigest((await scan(dir)).tree)).toBe(pushed.treeDigest);
  expect((await rpc(client.stats.bind(client), { team: "t" })).snapshots).toBe(1);
});

test("a second checkpoint sends what changed and stores two objects", async () => {
  const dataDir = fresh();
  const { client } = await open(dataDir);
  const root = workspace();
  const first = await pushTree(client, { ...asked, root });
  const packs = () => readdirSync(join(dataDir, "snapshots/packs")).length;
  const before = packs();
  writeFileSync(join(root, "note.md"), "one line\n");
  const second = await pushTree(client, {
    ...asked,
    root,
    parent: first.snapshotDigest,
    previous: first.cache,
  });
  expect([second.sentChunks, second.sentBytes]).toEqual([1, 9]);
  expect(packs() - before).toBe(2);
  const again = await pushTree(client, { ...asked, root, parent: first.snapshotDigest, previous: second.cache });
  expect(again.snapshotDigest).toBe(second.snapshotDigest);
  expect(packs() - before).toBe(2);
});

test("a cache from another store is noticed and everything is offered again", async () => {
  const root = workspace();
  const one = await open(fresh());
  const { cache } = await pushTree(one.client, { ...asked, root });
  // Older than a tick, so that the cache is believed.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const later = await pushTree(one.client, { ...asked, root, previous: cache });
  const other = await open(fresh());
  const pushed = await pushTree(other.client, { ...asked, root, previous: later.cache });
  const dir = join(fresh(), "restored");
  await pullTree(other.client, { team: "t", digest: pushed.snapshotDigest, dir });
  expect(treeDigest((await scan(dir)).tree)).toBe(pushed.treeDigest);
});

test("a commit that names chunks or a parent that are not stored is refused", async () => {
  const { client } = await open(fresh());
  const root = workspace();
  const { tree } = await scan(root);
  const commit = (parentDigest: string) =>
    rpc(client.commit.bind(client), { ...asked, tree: encodeTree(tree), parentDigest, label: "" });
  await expect(commit("")).rejects.toMatchObject({
    status: "FAILED_PRECONDITION",
    reason: "MISSING_CHUNKS",
    metadata: { digests: expect.stringContaining("sha256:") },
  });
  await pushTree(client, { ...asked, root });
  await expect(commit(digestOf(Buffer.from("x")))).rejects.toMatchObject({ reason: "MISSING_PARENT" });
});

test("a stale owner is fenced, also after a restart, and other logs are not", async () => {
  const dataDir = fresh();
  const first = await open(dataDir);
  const root = workspace();
  const at = (client: snapshot.SnapshotServiceClient, epoch: number, log = "r1/t1") =>
    pushTree(client, { team: "t", log, epoch, root });
  await at(first.client, 1);
  await at(first.client, 3);
  await expect(at(first.client, 2)).rejects.toMatchObject({ status: "FAILED_PRECONDITION", reason: "FENCED" });
  await first.close();
  const { client } = await open(dataDir);
  await expect(at(client, 2)).rejects.toMatchObject({ reason: "FENCED" });
  await at(client, 3);
  await at(client, 0, "r1/t2");
});

test("chosen files of a folder are pinned read-only, whatever links lie there", async () => {
  const { client } = await open(fresh());
  const root = workspace();
  const paths = ["README.md", "src/link", "src/run.sh"].map(treePath);
  const pushed = await pushFiles(client, { ...asked, root, paths });
  const copy = fresh();
  cpSync(root, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  const dir = join(fresh(), "restored");
  await pullTree(client, { team: "t", digest: pushed.treeDigest, dir });
  expect(readFileSync(join(dir, "src/link"), "utf8")).toBe("# Hello\n");
  expect(pushed.tree.entries.map((e) => [e.path, "mode" in e && e.mode.toString(8)])).toEqual([
    ["README.md", "444"],
    ["src", "555"],
    ["src/link", "444"],
    ["src/run.sh", "555"],
  ]);
  const escaping = pushFiles(client, { ...asked, root, paths: [treePath("absolute")] });
  await expect(escaping).rejects.toMatchObject({ code: "ESCAPES" });
});

test("damage of a pack is DATA_LOSS naming the object, never wrong bytes", async () => {
  const dataDir = fresh();
  const { client } = await open(dataDir);
  const pushed = await pushTree(client, { ...asked, root: workspace() });
  const packs = join(dataDir, "snapshots/packs");
  for (const name of readdirSync(packs)) {
    const bytes = readFileSync(join(packs, name));
    bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
    writeFileSync(join(packs, name), bytes);
  }
  const pull = () => pullTree(client, { team: "t", digest: pushed.snapshotDigest, dir: join(fresh(), "restored") });
  await expect(pull()).rejects.toMatchObject({
    status: "DATA_LOSS",
    reason: "CORRUPT",
    message: expect.stringContaining("snapshots/packs/"),
  });
});

test("another team, a wrong digest and an oversized chunk are refused", async () => {
  const { client } = await open(fresh());
  await expect(rpc(client.stats.bind(client), { team: "other" })).rejects.toMatchObject({
    status: "PERMISSION_DENIED",
    reason: "WRONG_TEAM",
  });
  const put = (digest: string, data: Buffer) =>
    new Promise((resolve, reject) => {
      const call = client.putChunks((error, answer) => (error === null ? resolve(answer) : reject(error)));
      call.on("error", () => undefined);
      call.write({ team: "t", digest, data });
      call.end();
    });
  await expect(put(digestOf(Buffer.from("a")), Buffer.from("b"))).rejects.toThrow(/bytes sent/);
  await expect(put(digestOf(Buffer.from("a")), Buffer.alloc(300_000))).rejects.toThrow(/are allowed/);
  const absent = digestOf(Buffer.from("absent"));
  await expect(rpc(client.get.bind(client), { team: "t", digest: absent })).rejects.toMatchObject({
    status: "NOT_FOUND",
  });
  await expect(rpc(client.get.bind(client), { team: "t", digest: "../x" })).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
  });
});
