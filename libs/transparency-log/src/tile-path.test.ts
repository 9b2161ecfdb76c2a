import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { groupedIndex, parseGroupedIndex, parseTilePath, tilePath } from "./tile-path.ts";

test("indexes are grouped by three digits", () => {
  expect(groupedIndex(0)).toBe("000");
  expect(groupedIndex(999)).toBe("999");
  expect(groupedIndex(1000)).toBe("x001/000");
  expect(groupedIndex(1_234_067)).toBe("x001/x234/067");
  expect(parseGroupedIndex("x000/001")).toBeUndefined();
});

test("every tile path reads back, and nothing else does", () => {
  const levels = fc.oneof(fc.constant("entries" as const), fc.integer({ min: 0, max: 6 }));
  fc.assert(
    fc.property(levels, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      expect(parseTilePath(tilePath({ level, index, width }))).toEqual({ level, index, width });
    }),
  );
  for (const path of [
    "tile/0/0",
    "tile/0/000.p/256",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/7/000",
    "tile/0/x000/000",
  ]) {
    expect(parseTilePath(path)).toBeUndefined();
  }
});
