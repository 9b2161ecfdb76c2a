import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, test } from "@jest/globals";
import { digestOf } from "@cofferdam/storage";
import { treeDigest } from "../tree/canonical.ts";
import { treePath } from "../tree/path.ts";
import { scan } from "./scan.ts";
import { selectFiles } from "./select-files.ts";

const base = mkdtempSync(join(tmpdir(), "cofferdam-scan-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let folders = 0;
const fresh = (): string => {
  const path = join(base, `f${folders++}`);
  mkdirSync(path);
  return path;
};

test("links are recorded and never followed", async () => {
  const root = fresh();
  symlinkSync("/etc", join(root, "etc"));
  symlinkSync("/etc/passwd", join(root, "passwd"));
  symlinkSync(".", join(root, "loop"));
  const { tree } = await scan(root);
  expect(tree.entries.map((e) => [e.path, e.type, "target" in e && e.target])).toEqual([
    ["etc", "symlink", "/etc"],
    ["loop", "symlink", "."],
    ["passwd", "symlink", "/etc/passwd"],
  ]);
});

test("FIFOs, sockets and devices are reported and not opened", async () => {
  const root = fresh();
  execFileSync("mkfifo", [join(root, "fifo")]);
  const server = createServer().listen(join(root, "socket"));
  await once(server, "listening");
  const { tree, skipped } = await scan(root);
  server.close();
  expect(tree.entries).toEqual([]);
  expect(skipped.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: "fifo", type: "fifo" },
    { path: "socket", type: "socket" },
  ]);
});

test("excluded paths are left out with all below them", async () => {
  const root = fresh();
  mkdirSync(join(root, "inputs/deep"), { recursive: true });
  writeFileSync(join(root, "inputs/deep/x"), "x");
  writeFileSync(join(root, "inputs-of-mine"), "x");
  const { tree } = await scan(root, { exclude: [treePath("inputs")] });
  expect(tree.entries.map((e) => e.path)).toEqual(["inputs-of-mine"]);
});

test.each([
  ["entries", { maxEntries: 3 }],
  ["bytes", { maxContentBytes: 3 }],
  ["depth", { maxDepth: 2 }],
])("it ends at the limit of %s", async (_, limits) => {
  const root = fresh();
  mkdirSync(join(root, "a/b/c"), { recursive: true });
  for (const name of ["1", "2", "3", "4"]) writeFileSync(join(root, name), name);
  await expect(scan(root, { limits })).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
});

test("deeper than any path can be named is a limit, not a crash", async () => {
  const root = fresh();
  execFileSync("sh", ["-c", `cd "$1" && for i in $(seq 300); do mkdir d && cd d; done`, "sh", root]);
  await expect(scan(root)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
});

test("a file that was not touched is not read again, any other is", async () => {
  const root = fresh();
  writeFileSync(join(root, "same"), "same");
  writeFileSync(join(root, "changed"), "one");
  await delay(60);
  const first = await scan(root);
  writeFileSync(join(root, "changed"), "two");
  const second = await scan(root, { previous: first.cache });
  expect([second.readFiles, second.readBytes]).toEqual([1, 3]);
  expect(treeDigest(second.tree)).toBe(treeDigest((await scan(root)).tree));
});

test("a change of the same size under a forged time is seen", async () => {
  const root = fresh();
  const file = join(root, "file");
  writeFileSync(file, "one");
  utimesSync(file, 1_000, 1_000);
  await delay(60);
  const first = await scan(root);
  await delay(60);
  writeFileSync(file, "two");
  utimesSync(file, 1_000, 1_000);
  const { tree } = await scan(root, { previous: first.cache });
  expect(tree.entries).toMatchObject([{ digest: digestOf(Buffer.from("two")) }]);
});

test("a file changed in the tick in which it was read is read again", async () => {
  const root = fresh();
  const file = join(root, "file");
  for (let i = 0; i < 50; i++) {
    writeFileSync(file, `a${i}`);
    const { cache } = await scan(root);
    writeFileSync(file, `b${i}`);
    const { tree } = await scan(root, { previous: cache });
    expect(tree.entries).toMatchObject([{ digest: digestOf(Buffer.from(`b${i}`)) }]);
  }
});

test("a file that grows while it is read is CHANGED", async () => {
  const root = fresh();
  const file = join(root, "file");
  writeFileSync(file, Buffer.alloc(3_000_000, "x"));
  const grow = () => appendFileSync(file, "y");
  await expect(scan(root, { onChunk: grow })).rejects.toMatchObject({ code: "CHANGED", kind: "retryable" });
});

test("a directory swapped for a link by a racing program never leads out", async () => {
  const root = fresh();
  const outside = fresh();
  writeFileSync(join(outside, "secret"), "secret");
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "d/secret"), "inside");
  const swap = `
    const fs = require("node:fs");
    process.chdir(${JSON.stringify(root)});
    process.stdout.write("go");
    for (;;) try {
      fs.renameSync("d", "hidden"); fs.symlinkSync(${JSON.stringify(outside)}, "d");
      fs.unlinkSync("d"); fs.renameSync("hidden", "d");
    } catch {}`;
  const racer = spawn(process.execPath, ["-e", swap]);
  await once(racer.stdout, "data");
  const seen: unknown[] = [];
  const until = performance.now() + 1_500;
  while (performance.now() < until) {
    seen.push(
      await scan(root).then(
        ({ tree }) => tree.entries.flatMap((e) => (e.type === "file" ? [e.digest] : [])),
        (error: { code: unknown }) => error.code,
      ),
    );
  }
  racer.kill("SIGKILL");
  const inside = [digestOf(Buffer.from("inside"))];
  expect(seen).toContainEqual(inside);
  // Renamed between two readings the directory may be seen under both names or none.
  expect(new Set(seen.flat())).toEqual(new Set(["CHANGED", ...inside].filter((each) => seen.flat().includes(each))));
});

test("an absent root and an absent file are typed errors", async () => {
  await expect(scan(join(base, "absent"))).rejects.toMatchObject({ name: "TreeError" });
  const missing = selectFiles(fresh(), [treePath("absent")]);
  await expect(missing).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a selection takes only regular files, by link only from inside", async () => {
  const root = fresh();
  const outside = fresh();
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "d/f"), "inside");
  writeFileSync(join(outside, "f"), "outside");
  symlinkSync("d", join(root, "to-d"));
  symlinkSync(outside, join(root, "to-outside"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  const { entries } = await selectFiles(root, [treePath("to-d/f"), treePath("d/f"), treePath("d/f")]);
  expect(entries.map((e) => e.path)).toEqual(["d", "d/f", "to-d", "to-d/f"]);
  for (const [path, code] of [
    ["to-outside/f", "ESCAPES"],
    ["d", "NOT_FOUND"],
    ["fifo", "NOT_FOUND"],
  ] as const) {
    await expect(selectFiles(root, [treePath(path)])).rejects.toMatchObject({ code });
  }
});

test("the same files give the same digest from anywhere", async () => {
  const [one, two] = [fresh(), fresh()];
  for (const root of [two, one]) {
    mkdirSync(join(root, "a"));
    for (const name of root === one ? ["a/x", "a/y"] : ["a/y", "a/x"]) {
      writeFileSync(join(root, name), name, { mode: root === one ? 0o600 : 0o644 });
      utimesSync(join(root, name), 1_000, 1_000);
    }
  }
  const paths = ["a/x", "a/y"].map(treePath);
  expect(treeDigest(await selectFiles(one, paths))).toBe(treeDigest(await selectFiles(two, paths.toReversed())));
});
