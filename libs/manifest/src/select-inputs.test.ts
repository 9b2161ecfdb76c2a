import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkInputExpectations, type Input, parseManifest, selectInputs } from "./index.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cofferdam-inputs-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function write(path: string, content: string | Uint8Array = "x"): string {
  const file = join(base, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function input(fields: Record<string, unknown> = {}): Input {
  const spec = { agent: { model: "m", instructions: "A.md" }, inputs: { data: { from: "file:data", ...fields } } };
  const text = JSON.stringify({ apiVersion: "cofferdam.dev/v1", kind: "Manifest", metadata: { name: "x" }, spec });
  const result = parseManifest(text, { path: "m" });
  const found = result.ok ? result.manifest.spec.inputs["data"] : undefined;
  if (found === undefined) throw new Error(JSON.stringify(result));
  return found;
}
const select = (fields?: Record<string, unknown>) => selectInputs(base, "data", input(fields));
const paths = async (fields?: Record<string, unknown>) => (await select(fields)).files.map(({ path }) => path);
const problem = async (fields?: Record<string, unknown>) => (await select(fields)).problems[0];

test("a folder is listed whole, sorted by the bytes of the path", async () => {
  for (const path of ["data/b.csv", "data/B.csv", "data/a/z.csv", "data/a-b.csv", "data/.hidden", "data/é.csv"])
    write(path);
  expect(await select()).toMatchObject({ problems: [], sizeBytes: 6 });
  expect(await paths()).toEqual([".hidden", "B.csv", "a-b.csv", "a/z.csv", "b.csv", "é.csv"]);
});

test("patterns select and drop", async () => {
  for (const path of ["data/a.csv", "data/b.json", "data/old/c.csv", "data/old/d.xml"]) write(path);
  expect(await paths({ include: ["**/*.csv", "*.json"], exclude: ["old/**"] })).toEqual(["a.csv", "b.json"]);
  expect(await paths({ include: ["./old/*.{csv,xml}"] })).toEqual(["old/c.csv", "old/d.xml"]);
});

test("a single file is an input too", async () => {
  write("data/a.csv", "abc");
  const { files } = await select({ from: "file:data/a.csv" });
  expect(files).toMatchObject([{ path: "a.csv", sizeBytes: 3 }]);
});

test("a 10 GB file against a limit of 2 GiB is named with its size and the limit, unread", async () => {
  truncateSync(write("data/huge.bin"), 10_000_000_000);
  const started = performance.now();
  expect(await problem({ limits: { fileBytes: "2GiB", bytes: "4GiB" } })).toMatchObject({
    path: "spec.inputs.data.limits.fileBytes",
    reason: "INPUT_FILE_TOO_LARGE",
    message: "file huge.bin has 10000000000 bytes (9.31GiB), and the limit is 2147483648 bytes (2GiB)",
  });
  expect(await problem({ limits: { fileBytes: "20GiB" } })).toMatchObject({
    reason: "INPUT_TOO_LARGE",
    message: expect.stringMatching(/huge\.bin .*10000000000 bytes .*2147483648 bytes \(2GiB\)/),
  });
  expect(performance.now() - started).toBeLessThan(1_000);
});

test("too many files are refused, and the listing stops there", async () => {
  for (let i = 0; i < 5; i++) write(`data/${i}.csv`);
  expect(await problem({ limits: { files: 4 } })).toMatchObject({ reason: "INPUT_TOO_MANY_FILES" });
  expect(await paths({ limits: { files: 5 } })).toHaveLength(5);
});

test("what is missing, empty or no file is said", async () => {
  expect(await problem()).toMatchObject({ reason: "INPUT_MISSING", path: "spec.inputs.data.from" });
  mkdirSync(join(base, "data"));
  expect(await problem()).toMatchObject({ reason: "INPUT_EMPTY", path: "spec.inputs.data.include" });
  write("data/a.csv");
  expect(await problem({ include: ["*.xml"] })).toMatchObject({ message: expect.stringContaining("*.xml") });
  expect(await problem({ expect: { minFiles: 2 } })).toMatchObject({ path: "spec.inputs.data.expect.minFiles" });
  execFileSync("mkfifo", [join(base, "data/pipe")]);
  expect(await problem()).toMatchObject({ reason: "INPUT_NOT_A_FILE" });
  expect(await paths({ include: ["*.csv"] })).toEqual(["a.csv"]);
});

test("links are followed to files inside the input and nowhere else", async () => {
  write("secret.txt");
  write("data/a.csv", "abc");
  mkdirSync(join(base, "data/sub"));
  symlinkSync("../a.csv", join(base, "data/sub/inside"));
  expect(await select()).toMatchObject({
    problems: [],
    files: [{ path: "a.csv" }, { path: "sub/inside", sizeBytes: 3 }],
  });
  symlinkSync("../secret.txt", join(base, "data/outside"));
  expect(await problem()).toMatchObject({ reason: "INPUT_LINK_ESCAPES", message: expect.stringContaining("outside") });
  expect(await paths({ include: ["*.csv"] })).toEqual(["a.csv"]);
  symlinkSync("loop", join(base, "data/loop.csv"));
  symlinkSync("loop.csv", join(base, "data/loop"));
  expect(await problem({ include: ["*.csv"] })).toMatchObject({ reason: "INPUT_UNREADABLE" });
});

test("a link to a folder is not followed, so that no listing goes round in circles", async () => {
  write("data/sub/a.csv");
  symlinkSync("..", join(base, "data/sub/up"));
  expect(await problem()).toMatchObject({ reason: "INPUT_NOT_A_FILE" });
  expect(await paths({ exclude: ["**/up"] })).toEqual(["sub/a.csv"]);
});

test("an input folder that is a link out of the manifest's folder is refused, unless written as an absolute place", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "cofferdam-elsewhere-"));
  writeFileSync(join(elsewhere, "a.csv"), "x");
  symlinkSync(elsewhere, join(base, "data"));
  expect(await problem()).toMatchObject({ reason: "INPUT_LINK_ESCAPES", path: "spec.inputs.data.from" });
  expect(await paths({ from: `file://${elsewhere}` })).toEqual(["a.csv"]);
  rmSync(elsewhere, { recursive: true });
});

test("names that are no text are refused", async () => {
  write("data/a.csv");
  write("data/a\nb.csv");
  expect(await problem()).toMatchObject({ reason: "INPUT_NAME" });
  rmSync(join(base, "data/a\nb.csv"));
  writeFileSync(Buffer.concat([Buffer.from(join(base, "data/")), Buffer.from([0xff, 0x2e])]), "x");
  expect(await problem()).toMatchObject({ reason: "INPUT_NAME", message: expect.stringContaining("UTF-8") });
});

test("a file that may not be read is named", async () => {
  chmodSync(write("data/locked.csv"), 0o000);
  // Root may read everything: let another user look.
  const uid = process.getuid?.() === 0 ? 65_534 : undefined;
  chmodSync(base, 0o755);
  if (uid !== undefined) process.seteuid?.(uid);
  try {
    expect(await problem()).toMatchObject({
      reason: "INPUT_UNREADABLE",
      message: expect.stringContaining("permission denied"),
    });
  } finally {
    if (uid !== undefined) process.seteuid?.(0);
  }
});

const check = async (expectation: Record<string, unknown>) => {
  const selected = input({ expect: expectation });
  const { files } = await selectInputs(base, "data", selected);
  return (await checkInputExpectations("data", selected, files)).map(({ reason, message }) => `${reason} ${message}`);
};

test("a file that is not what was expected is named with what it is", async () => {
  write("data/a.xml", '<?xml version="1.0"?><a/>');
  write("data/b.xml", "%PDF-1.7\n");
  expect(await check({ mediaTypes: ["text/xml"] })).toEqual([
    "INPUT_MEDIA_TYPE b.xml is application/pdf by its content, not text/xml",
  ]);
});

test("bytes that are not UTF-8 are found, also far in and at the very end", async () => {
  write("data/a.txt", "grün\n".repeat(50_000));
  expect(await check({ utf8: true })).toEqual([]);
  write("data/b.txt", Buffer.concat([Buffer.alloc(300_000, "a"), Buffer.from([0xe9]), Buffer.alloc(10, "a")]));
  write("data/c.txt", Buffer.from([0x61, 0xc3]));
  expect(await check({ utf8: true })).toEqual([
    expect.stringMatching(/^INPUT_NOT_UTF8 b\.txt/),
    expect.stringMatching(/^INPUT_NOT_UTF8 c\.txt/),
  ]);
});

test("pinned files must be those that are there, byte for byte", async () => {
  write("data/a.txt", "abc");
  write("data/b.txt", "b");
  const abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const pin = async (digests: Record<string, string>, include = ["**"]) => {
    const selected = input({ pin: { digests }, include });
    const { files } = await selectInputs(base, "data", selected);
    const problems = await checkInputExpectations("data", selected, files);
    return problems.map(({ reason, message }) => `${reason} ${message}`);
  };
  expect(await pin({ "a.txt": abc }, ["a.txt"])).toEqual([]);
  expect(await pin({ "a.txt": abc, "c.txt": abc })).toEqual([
    "INPUT_CHANGED c.txt is pinned, and not selected",
    "INPUT_CHANGED b.txt is selected, and has no pin",
  ]);
  write("data/a.txt", "abd");
  expect(await pin({ "a.txt": abc }, ["a.txt"])).toEqual([expect.stringMatching(/^INPUT_CHANGED a\.txt has digest/)]);
});

test("a file that vanishes between listing and reading is said", async () => {
  const file = write("data/a.txt", "abc");
  const selected = input({ expect: { utf8: true } });
  const { files } = await selectInputs(base, "data", selected);
  rmSync(file);
  expect(await checkInputExpectations("data", selected, files)).toMatchObject([{ reason: "INPUT_MISSING" }]);
});
