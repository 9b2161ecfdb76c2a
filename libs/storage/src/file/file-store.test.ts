import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { objectStoreConformance } from "../conformance.ts";
import { fileStore } from "./file-store.ts";

const folders: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "cofferdam-storage-"));
  folders.push(path);
  return path;
}
afterAll(() => folders.forEach((path) => rmSync(path, { recursive: true, force: true })));

const shared = folder();
describe("conformance", () => {
  objectStoreConformance(test, async () => fileStore(shared));
});

/** Runs `script` (module text; `store` and `root` are given) in a process of its own. */
function inProcess(root: string, script: string) {
  const source = `
    import { fileStore } from ${JSON.stringify(new URL("file-store.ts", import.meta.url).href)};
    const root = ${JSON.stringify(root)};
    const store = fileStore(root);
    ${script}`;
  return spawn(
    process.execPath,
    [
      "--conditions=@cofferdam/source",
      "--disable-warning=ExperimentalWarning",
      "--input-type=module-typescript",
      "-e",
      source,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
}

async function output(child: ReturnType<typeof inProcess>): Promise<string> {
  let text = "";
  child.stdout.on("data", (part: Buffer) => (text += part.toString()));
  await once(child, "close");
  return text;
}

test("of creators in several processes exactly one wins each key", async () => {
  const root = folder();
  const race = (who: number) =>
    inProcess(
      root,
      `process.stdin.once("data", async () => {
        let won = 0;
        for (let i = 0; i < 40; i++) {
          try { await store.put("k/" + i, Buffer.from("${who}"), { ifAbsent: true }); won++; }
          catch (error) { if (error.code !== "PRECONDITION_FAILED") throw error; }
        }
        console.log(won);
        process.exit(0);
      });`,
    );
  const children = [race(1), race(2), race(3)];
  const outputs = children.map(output);
  for (const child of children) child.stdin.write("go\n");
  const wins = (await Promise.all(outputs)).map(Number);
  expect(wins.reduce((a, b) => a + b)).toBe(40);
  const bodies = Array.from({ length: 40 }, (_, i) => readFileSync(join(root, "k", `${i}`), "utf8"));
  expect([1, 2, 3].map((who) => bodies.filter((b) => b === `${who}`).length)).toEqual(wins);
});

test("replacing writers in several processes lose no update, also when one is killed while it holds the lock", async () => {
  const root = folder();
  const store = fileStore(root);
  await store.put("n", Buffer.from("0"));
  const holder = inProcess(
    root,
    `store.put("held", (async function* () { yield Buffer.from("x"); })());
     const { ReplaceLock } = await import(${JSON.stringify(new URL("replace-lock.ts", import.meta.url).href)});
     new ReplaceLock(root + "/.cofferdam-staging").run(undefined, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`,
  );
  await once(holder.stdout, "data");
  const counter = () =>
    inProcess(
      root,
      `for (let i = 0; i < 15; ) {
        const { info, body } = await store.get("n");
        let text = ""; for await (const part of body) text += part.toString();
        try { await store.put("n", Buffer.from(String(Number(text) + 1)), { ifMatch: info.etag }); i++; }
        catch (error) { if (error.code !== "PRECONDITION_FAILED") throw error; }
      }
      process.exit(0);`,
    );
  const counters = [output(counter()), output(counter())];
  holder.kill("SIGKILL");
  await Promise.all(counters);
  expect(Buffer.from(await store.read("n")).toString()).toBe("30");
});

test("a writer that is killed leaves no object, and its leftovers are swept by age", async () => {
  const root = folder();
  const child = inProcess(
    root,
    `await store.put("half", (async function* () { yield Buffer.alloc(1000); console.log("written"); await new Promise(() => setInterval(() => {}, 1000)); })());`,
  );
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "close");
  const staging = join(root, ".cofferdam-staging");
  const leftovers = readdirSync(staging);
  expect(leftovers).toHaveLength(1);
  await fileStore(root).put("young", Buffer.from("x"), { ifAbsent: true });
  expect(readdirSync(staging)).toEqual(leftovers);
  for (const name of leftovers) utimesSync(join(staging, name), 0, 0);
  const store = fileStore(root);
  await store.put("other", Buffer.from("x"), { ifAbsent: true });
  expect(await store.head("half")).toBeUndefined();
  expect(readdirSync(root).toSorted()).toEqual(["other", "young"]);
});

test("a folder that people read holds their files and nothing else", async () => {
  const root = join(folder(), "results");
  await fileStore(root).put("run/report.md", Buffer.from("# Report"), { ifAbsent: true });
  expect(readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()).toEqual(["run", "run/report.md"]);
});

test("a folder removed under a living store is made again", async () => {
  const root = folder();
  const store = fileStore(root);
  await store.put("a/b/1", Buffer.from("1"));
  rmSync(join(root, "a"), { recursive: true });
  await store.put("a/b/2", Buffer.from("2"), { ifAbsent: true });
  rmSync(root, { recursive: true });
  await store.put("a/b/3", Buffer.from("3"));
  expect(Buffer.from(await store.read("a/b/3")).toString()).toBe("3");
});

test("symbolic links lead nowhere", async () => {
  const root = folder();
  const outside = folder();
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(outside, join(root, "out"));
  symlinkSync(join(outside, "secret"), join(root, "file"));
  const store = fileStore(root);
  await expect(store.read("out/secret")).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  await expect(store.read("file")).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  await expect(store.put("out/new", Buffer.from("x"))).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  expect(readdirSync(outside)).toEqual(["secret"]);
  for await (const { key } of store.list("")) throw new Error(`listed ${key}`);
});

test("a name that is an object cannot be a folder too", async () => {
  const store = fileStore(folder());
  await store.put("a", Buffer.from("x"));
  await store.put("folder/x", Buffer.from("x"));
  for (const options of [{}, { ifAbsent: true }]) {
    for (const key of ["a/b", "a/b/c", "folder"]) {
      await expect(store.put(key, Buffer.from("x"), options)).rejects.toMatchObject({ code: "INVALID_KEY" });
      expect(await store.head(key)).toBeUndefined();
    }
  }
});

test("a FIFO in the folder neither hangs a reader nor is listed", async () => {
  const root = folder();
  execFileSync("mkfifo", [join(root, "fifo")]);
  const store = fileStore(root);
  await expect(store.read("fifo")).rejects.toMatchObject({ code: "NOT_FOUND" });
  for await (const { key } of store.list("")) throw new Error(`listed ${key}`);
});

test("a file whose name is not UTF-8 is named, not left out", async () => {
  const root = folder();
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x66, 0xff])]), "x");
  const listing = (async () => {
    for await (const _ of fileStore(root).list("")) throw new Error("listed");
  })();
  await expect(listing).rejects.toMatchObject({ code: "INVALID_KEY" });
});

test("a segment that no file system holds is INVALID_KEY", async () => {
  await expect(fileStore(folder()).put("x".repeat(300), Buffer.from("x"))).rejects.toMatchObject({
    code: "INVALID_KEY",
  });
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;
(canMount ? describe : describe.skip)("on a file system of 64 KiB", () => {
  test("a full disk is NO_SPACE with its mend, and leaves nothing", async () => {
    const root = folder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", root]);
    try {
      const store = fileStore(root);
      await store.put("small", Buffer.from("x"), { ifAbsent: true });
      await expect(store.put("big", Buffer.alloc(1 << 20), { ifAbsent: true })).rejects.toMatchObject({
        code: "NO_SPACE",
        kind: "retryable",
        mend: expect.stringContaining("free space"),
      });
      expect(readdirSync(root)).toEqual(["small"]);
    } finally {
      execFileSync("umount", [root]);
    }
  });
});

test("a store on a path that is a file says so", async () => {
  const root = join(folder(), "file");
  writeFileSync(root, "x");
  await expect(fileStore(root).put("a", Buffer.from("x"))).rejects.toMatchObject({ name: "StorageError" });
});

test("an unwritable place is named", async () => {
  const root = folder();
  mkdirSync(join(root, "d"));
  await expect(fileStore("/proc/nowhere").put("a", Buffer.from("x"))).rejects.toMatchObject({ name: "StorageError" });
});
