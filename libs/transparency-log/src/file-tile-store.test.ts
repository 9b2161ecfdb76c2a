import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { FileTileStore } from "./file-tile-store.ts";

test("files are written whole, listed, read back and removed with their partial folder", async () => {
  const store = new FileTileStore(join(mkdtempSync(join(tmpdir(), "cofferdam-tiles-")), "deep"));
  expect(await store.read("checkpoint")).toBeUndefined();
  await store.write(
    new Map([
      ["tile/0/000.p/1", Buffer.of(1)],
      ["tile/0/x001/000", Buffer.of(2)],
      ["checkpoint", Buffer.of(3)],
    ]),
  );
  expect(await store.read("tile/0/x001/000")).toEqual(Buffer.of(2));
  expect((await store.list("tile")).sort()).toEqual(["tile/0/000.p/1", "tile/0/x001/000"]);
  await store.remove(["tile/0/000.p/1", "tile/0/absent"]);
  expect(await store.list("tile")).toEqual(["tile/0/x001/000"]);
});
