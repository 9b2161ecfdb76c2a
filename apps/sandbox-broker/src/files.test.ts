import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStream, rpc } from "@cofferdam/service";
import type { sandbox } from "@cofferdam/contracts";
import { acquire, exec, failure, holder, startTestBroker, type TestBroker } from "./testing.ts";

const TREE = `sha256:${"a".repeat(64)}`;
let broker: TestBroker;
let id: string;

beforeAll(async () => {
  broker = await startTestBroker();
  const tree = join(broker.folder, "snapshots", TREE);
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "sub/record.txt"), "patient\n");
  symlinkSync("/etc/shadow", join(tree, "link"));
  const mounts = [
    { treeDigest: TREE, paths: [], target: "inputs/records" },
    { treeDigest: TREE, paths: [], target: "tasks/t001/out" },
  ];
  id = (await acquire(broker.client, { mounts, directories: ["out"] })).sandboxId;
});

afterAll(() => broker.close());

const put = (path: string, content: string | Buffer): sandbox.FileChange => ({
  path,
  change: { $case: "content", value: Buffer.from(content) },
});
const remove = (path: string): sandbox.FileChange => ({ path, change: { $case: "remove", value: true } });
const write = (changes: sandbox.FileChange[], execId: string = randomUUID()) =>
  rpc(broker.client.writeFiles.bind(broker.client), { holder: holder(), sandboxId: id, execId, changes });

async function read(path: string, maxBytes = 0): Promise<string> {
  const parts: Buffer[] = [];
  const call = broker.client.readFile({ holder: holder(), sandboxId: id, path, maxBytes });
  for await (const { data } of readStream<sandbox.ReadFileResponse>(call)) parts.push(data);
  return Buffer.concat(parts).toString("latin1");
}

test("mounts are shown read-only, and the workspace beside them is writable", async () => {
  const run = await exec(
    broker.client,
    id,
    "cat inputs/records/sub/record.txt tasks/t001/out/sub/record.txt; touch inputs/x inputs/records/x; rm -rf inputs; mv inputs moved; touch fine && ls",
  );
  expect(run.stdout).toBe("patient\npatient\nfine\ninputs\nout\ntasks\n");
  expect(run.stderr.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(3);
  expect((await exec(broker.client, id, "cat inputs/records/sub/record.txt")).stdout).toBe("patient\n");
});

test("what is written is read back, byte for byte, with its parents made", async () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 256));
  await write([put("new/deep/a.bin", bytes), put("b", ""), put("-rf", "odd\n"), put("sp ace/ü\nx", "1")]);
  expect(await read("new/deep/a.bin")).toBe(bytes.toString("latin1"));
  expect(await read("b")).toBe("");
  expect(await read("-rf")).toBe("odd\n");
  expect(await read("sp ace/ü\nx")).toBe("1");
});

test("a file that is replaced keeps its mode; a link is written through", async () => {
  await exec(broker.client, id, "echo old > tool; chmod 750 tool; ln -s tool to-tool");
  await write([put("to-tool", "new\n")]);
  expect((await exec(broker.client, id, "cat tool; stat -c %a tool; readlink to-tool")).stdout).toBe(
    "new\n750\ntool\n",
  );
});

test("all changes happen or none: a later one that cannot be made undoes the earlier", async () => {
  await exec(broker.client, id, "echo old > keep; echo old > gone; mkdir folder; rm -rf fresh");
  const before = (await exec(broker.client, id, "find . -path ./inputs -prune -o -print | sort; cat keep gone")).stdout;
  for (const bad of [put("folder", "x"), remove("missing"), put("keep/below", "x"), remove("folder")]) {
    const error = await failure(write([put("keep", "new"), remove("gone"), put("fresh/a/b", "x"), bad]));
    expect(error).toMatchObject({ reason: "WRITE_REFUSED" });
    expect((await exec(broker.client, id, "find . -path ./inputs -prune -o -print | sort; cat keep gone")).stdout).toBe(
      before,
    );
  }
});

test("the same exec id writes once", async () => {
  const execId = randomUUID();
  await write([put("once", "1")], execId);
  await exec(broker.client, id, "echo changed > once");
  await write([put("once", "1")], execId);
  expect(await read("once")).toBe("changed\n");
  expect(await failure(write([put("once", "2")], execId))).toMatchObject({ reason: "EXEC_ID_REUSED" });
});

test("what was removed is gone, a link without what it named", async () => {
  await exec(broker.client, id, "echo x > target; ln -s target pointer");
  await write([remove("pointer")]);
  expect((await exec(broker.client, id, "cat target; ls pointer 2>&1")).stdout).toContain("x\n");
  expect(await failure(read("pointer"))).toMatchObject({ reason: "FILE_NOT_FOUND" });
});

test.each<[string, sandbox.FileChange[], string]>([
  ["a path that climbs out", [put("../x", "")], "PATH_INVALID"],
  ["an absolute path", [put("/etc/x", "")], "PATH_INVALID"],
  ["the workspace itself", [put("", "")], "PATH_INVALID"],
  ["a mount", [put("inputs/records/x", "")], "PATH_READ_ONLY"],
  ["the folder above a mount", [remove("inputs")], "PATH_READ_ONLY"],
  ["one path twice", [put("x", "1"), remove("x")], "ARGUMENT_INVALID"],
  ["nothing", [], "ARGUMENT_INVALID"],
])("writing %s is refused", async (_, changes, reason) => {
  expect(await failure(write(changes))).toMatchObject({ reason });
});

test("a link that leads out leads nowhere: the host's files are not there", async () => {
  await exec(
    broker.client,
    id,
    `ln -s ${broker.folder} out-link; ln -s /root root-link; ln -s ../../../../../../../.. up-link; mkfifo pipe`,
  );
  for (const path of [
    "out-link/state/broker.sqlite",
    "root-link/.bashrc",
    "up-link/etc/shadow",
    "inputs/records/link",
  ]) {
    expect(await failure(read(path))).toMatchObject({ reason: "FILE_NOT_FOUND" });
  }
  expect(await read("up-link/etc/passwd")).toContain("agent:x:1000");
  expect(await failure(write([put("root-link/x", "")]))).toMatchObject({ reason: "WRITE_REFUSED" });
});

test("only regular files of a bounded size are read", async () => {
  expect(await failure(read("pipe"))).toMatchObject({ reason: "FILE_NOT_REGULAR" });
  expect(await failure(read("folder"))).toMatchObject({ reason: "FILE_NOT_REGULAR" });
  await exec(broker.client, id, "head -c 1000 /dev/zero > big; echo s > shut; chmod 0 shut");
  expect(await failure(read("big", 999))).toMatchObject({ status: "OUT_OF_RANGE", reason: "FILE_TOO_LARGE" });
  expect((await read("big", 1_000)).length).toBe(1_000);
  expect(await failure(read("shut"))).toMatchObject({ reason: "FILE_FORBIDDEN" });
});

test.each<[string, Partial<sandbox.AcquireRequest>, string]>([
  ["a tier that is not here", { tier: "microvm" }, "TIER_UNAVAILABLE"],
  ["no key", { acquireId: "" }, "ARGUMENT_INVALID"],
  ["a digest that is none", { snapshotDigest: "sha256:12" }, "ARGUMENT_INVALID"],
  ["a mount that climbs out", { mounts: [{ treeDigest: TREE, paths: [], target: "../etc" }] }, "PATH_INVALID"],
  [
    "a mount over another",
    { mounts: ["a", "a/b"].map((target) => ({ treeDigest: TREE, paths: [], target })) },
    "ARGUMENT_INVALID",
  ],
  [
    "a folder in a mount",
    { mounts: [{ treeDigest: TREE, paths: [], target: "inputs/a" }], directories: ["inputs/b"] },
    "PATH_READ_ONLY",
  ],
  ["a folder outside", { directories: ["../x"] }, "PATH_INVALID"],
  ["a variable that is none", { environment: { "A B": "1" } }, "ARGUMENT_INVALID"],
])("acquiring with %s is refused", async (_, over, reason) => {
  expect(await failure(acquire(broker.client, over))).toMatchObject({ reason });
});
