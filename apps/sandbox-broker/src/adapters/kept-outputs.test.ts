import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { KeptOutputs } from "./kept-outputs.ts";

const folder = mkdtempSync(join(tmpdir(), "cofferdam-kept-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function addAll(kept: KeptOutputs, sizes: readonly number[]): Promise<readonly number[]> {
  const paths = sizes.map((_, i) => join(folder, String(i)));
  for (const [i, path] of paths.entries()) {
    writeFileSync(path, "x");
    await kept.add({ path, bytes: sizes[i] ?? 0 });
  }
  return paths.flatMap((path, i) => (existsSync(path) ? [i] : []));
}

test("the oldest outputs go when all together are too large or too many", async () => {
  expect(await addAll(new KeptOutputs(100, 10), [40, 40, 40])).toEqual([1, 2]);
  expect(await addAll(new KeptOutputs(100, 2), [1, 1, 1, 1])).toEqual([2, 3]);
});

test("the newest stays, however large", async () => {
  expect(await addAll(new KeptOutputs(100, 10), [5, 500])).toEqual([1]);
});
