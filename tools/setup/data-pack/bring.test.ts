import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import type { Checkout } from "../../../libs/host-probe/src/checkout.ts";
import { dataReady, type ExampleData, examplesOf } from "../../../libs/host-probe/src/requirements/example-data.ts";
import { bringData } from "./bring.ts";

let checkout: Checkout;
let example: ExampleData;

beforeEach(() => {
  const root = join(mkdtempSync(join(tmpdir(), "cofferdam data ")), "clone");
  checkout = { root, cache: join(root, ".cofferdam/cache") };
  example = { name: "demo", dir: join(root, "examples/demo") };
  mkdirSync(example.dir, { recursive: true });
  mkdirSync(join(checkout.cache, "data-packs"), { recursive: true });
});

/** Puts a tarball where a finished download would be, and returns its digest. */
function cacheTarball(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), "cofferdam-pack-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, "package", path)), { recursive: true });
    writeFileSync(join(dir, "package", path), text);
  }
  const archive = join(checkout.cache, "data-packs/p@1.0.0.tgz");
  execFileSync("tar", ["--format=pax", "-czf", archive, "package"], { cwd: dir });
  return `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
}

function writeSources(integrity: string, files: readonly string[], more: readonly object[] = []): void {
  const packaged = { package: "p", version: "1.0.0", integrity, files, into: "data/in" };
  writeFileSync(join(example.dir, "data.json"), JSON.stringify([packaged, ...more]));
}

const bring = (): Promise<{ detail: string }> => bringData(checkout, example, () => {});

test("chosen files are put in place by base name, others not", async () => {
  writeSources(cacheTarball({ "a/one.txt": "1", "b/two.txt": "22", "c.md": "" }), ["{a,b}/*.txt"]);
  expect(dataReady(checkout, example)).toBe(false);
  expect((await bring()).detail).toContain("2 files");
  expect(readdirSync(join(example.dir, "data/in")).sort()).toEqual(["one.txt", "two.txt"]);
  expect(readFileSync(join(example.dir, "data/in/two.txt"), "utf8")).toBe("22");
  expect(dataReady(checkout, example)).toBe(true);
});

test("a removed file, or another data.json, is noticed", async () => {
  const integrity = cacheTarball({ "one.txt": "1", "two.txt": "2" });
  writeSources(integrity, ["*.txt"]);
  await bring();
  rmSync(join(example.dir, "data/in/one.txt"));
  expect(dataReady(checkout, example)).toBe(false);
  await bring();
  expect(dataReady(checkout, example)).toBe(true);
  writeSources(integrity, ["one.txt"]);
  expect(dataReady(checkout, example)).toBe(false);
});

test("optional data that appears later is brought then", async () => {
  const optional = { optionalPath: "../shared/more", into: "data/more" };
  writeSources(cacheTarball({ "one.txt": "1" }), ["*.txt"], [optional]);
  await bring();
  expect(existsSync(join(example.dir, "data/more"))).toBe(false);
  expect(dataReady(checkout, example)).toBe(true);
  mkdirSync(join(checkout.root, "../shared/more"), { recursive: true });
  writeFileSync(join(checkout.root, "../shared/more/x.xml"), "<x/>");
  mkdirSync(join(checkout.root, "../shared/more/deep"));
  writeFileSync(join(checkout.root, "../shared/more/deep/x.xml"), "<y/>");
  expect(dataReady(checkout, example)).toBe(false);
  await bring();
  expect(readFileSync(join(example.dir, "data/more/x.xml"), "utf8")).toBe("<x/>");
  expect(readFileSync(join(example.dir, "data/more/deep/x.xml"), "utf8")).toBe("<y/>");
});

test("a glob that chooses nothing, and two files of one name, are refused", async () => {
  const integrity = cacheTarball({ "a/one.txt": "1", "b/one.txt": "2" });
  writeSources(integrity, ["c/*.txt"]);
  await expect(bring()).rejects.toMatchObject({
    code: "DATA_PACK_INVALID",
    message: expect.stringContaining("c/*.txt"),
  });
  writeSources(integrity, ["*/one.txt"]);
  await expect(bring()).rejects.toMatchObject({
    code: "DATA_PACK_INVALID",
    message: expect.stringContaining("one.txt"),
  });
  expect(dataReady(checkout, example)).toBe(false);
});

test("only a file of an example asks for that example's data", () => {
  writeSources(cacheTarball({ "one.txt": "1" }), ["*.txt"]);
  const manifest = join(example.dir, "manifest.yaml");
  const elsewhere = join(checkout.root, "manifest.yaml");
  for (const file of [manifest, elsewhere]) writeFileSync(file, "");
  expect(examplesOf(checkout, ["run", manifest]).map(({ name }) => name)).toEqual(["demo"]);
  expect(examplesOf(checkout, ["run", elsewhere, "--json"])).toEqual([]);
});
