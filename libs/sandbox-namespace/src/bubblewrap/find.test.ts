import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { findBubblewrap, isNewEnough } from "./find.ts";

const folder = mkdtempSync(join(tmpdir(), "cofferdam-find-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that only tells a version, to test the choice between several. */
function program(name: string, version: string): string {
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, "bwrap");
  writeFileSync(path, `#!/bin/sh\necho "bubblewrap ${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

test("versions are compared by number", () => {
  expect(["0.8.0", "0.8", "0.11.0", "1.0.0"].map(isNewEnough)).toEqual([true, true, true, true]);
  expect(["0.7.9", "0.4.1", "0.0.99"].map(isNewEnough)).toEqual([false, false, false]);
});

test("the first on PATH that is new enough is taken, then the cache", async () => {
  const old = program("old", "0.4.0");
  const fresh = program("fresh", "0.9.0");
  const cached = program("cache/bubblewrap/usr/bin", "0.8.0");
  const env = { PATH: `${join(folder, "none")}:${join(old, "..")}:${join(fresh, "..")}` };
  expect(await findBubblewrap({ env })).toEqual({ path: fresh, version: "0.9.0" });
  expect(await findBubblewrap({ env: { PATH: "" }, cacheDir: join(folder, "cache") })).toMatchObject({ path: cached });
});

test("what is too old or missing is named, with what to do", async () => {
  const env = { PATH: join(program("old", "0.4.0"), "..") };
  await expect(findBubblewrap({ env })).rejects.toMatchObject({
    code: "BUBBLEWRAP_TOO_OLD",
    message: expect.stringContaining("0.4.0"),
  });
  await expect(findBubblewrap({ env: { PATH: "" } })).rejects.toMatchObject({
    code: "BUBBLEWRAP_NOT_FOUND",
    mend: expect.stringContaining("install bubblewrap"),
  });
});

test("a program that is named is the only candidate", async () => {
  const env = { PATH: join(program("fresh", "0.9.0"), ".."), COFFERDAM_BWRAP: "/nonexistent/bwrap" };
  await expect(findBubblewrap({ env })).rejects.toMatchObject({ message: expect.stringContaining("COFFERDAM_BWRAP") });
});
