import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { CompactRange } from "./compact-range.ts";
import { decodeEntries, encodeEntries } from "./entry-bundle.ts";
import { leafHash } from "./hash.ts";
import { tilePath, tilesOf } from "./tile-path.ts";
import { MemoryTileStore } from "./tile-store.ts";
import { TileWriter } from "./tile-writer.ts";

const entry = (i: number) => Buffer.from(`entry ${i}`);

function appendAll(writer: TileWriter, store: MemoryTileStore, from: number, to: number): void {
  const grown = writer.append(Array.from({ length: to - from }, (_, i) => entry(from + i)));
  for (const [path, bytes] of grown.files) store.files.set(path, bytes);
}

test("any split into batches, reopened between them, gives the same root and the same tiles", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 5 }), async (batches) => {
      const size = batches.reduce((a, b) => a + b, 0);
      const split = new MemoryTileStore();
      let at = 0;
      for (const batch of batches) {
        appendAll(await TileWriter.open(split, at), split, at, at + batch);
        at += batch;
      }
      const whole = new MemoryTileStore();
      const writer = TileWriter.empty();
      appendAll(writer, whole, 0, size);
      const range = new CompactRange();
      for (let i = 0; i < size; i++) range.append(leafHash(entry(i)));
      expect((await TileWriter.open(split, size)).root()).toEqual(range.root());
      expect(writer.root()).toEqual(range.root());
      for (const id of tilesOf(size)) {
        expect(split.files.get(tilePath(id))).toEqual(whole.files.get(tilePath(id)));
        expect(whole.files.has(tilePath(id))).toBe(true);
      }
    }),
    { numRuns: 25 },
  );
});

test("a tree of 70,000 has the tiles that the specification counts", () => {
  const widths = [...tilesOf(70_000)].map((t) => `${t.level}:${t.width}`);
  const count = (text: string) => widths.filter((w) => w === text).length;
  expect([count("0:256"), count("0:112"), count("1:256"), count("1:17"), count("2:1")]).toEqual([273, 1, 1, 1, 1]);
  expect([...tilesOf(256)].map(tilePath)).toEqual(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
});

test("a crash before the checkpoint leaves tiles from which the old size still opens", async () => {
  const store = new MemoryTileStore();
  appendAll(TileWriter.empty(), store, 0, 300);
  const before = (await TileWriter.open(store, 300)).root();
  appendAll(await TileWriter.open(store, 300), store, 300, 900);
  expect((await TileWriter.open(store, 300)).root()).toEqual(before);
});

test("a missing tile is named", async () => {
  const store = new MemoryTileStore();
  appendAll(TileWriter.empty(), store, 0, 3);
  store.files.delete("tile/0/000.p/3");
  await expect(TileWriter.open(store, 3)).rejects.toThrow("tile/0/000.p/3 is not stored");
});

test("entry bundles hold any entries up to 65,535 bytes and nothing torn", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.nat(), (entries, cut) => {
      const bundle = encodeEntries(entries);
      expect(decodeEntries(bundle).map((e) => [...e])).toEqual(entries.map((e) => [...e]));
      const torn = bundle.subarray(0, cut % (bundle.length + 1));
      let decoded: Uint8Array[] = [];
      try {
        decoded = decodeEntries(torn);
      } catch {
        return;
      }
      expect(Buffer.from(encodeEntries(decoded))).toEqual(Buffer.from(torn));
    }),
  );
  expect(() => encodeEntries([Buffer.alloc(65_536)])).toThrow("at most 65535");
});
