import { expect, test } from "@jest/globals";
import { assert, integer, property } from "fast-check";
import { formatDuration, formatSize, parseCount, parseDuration, parseSize } from "./units.ts";

test.each([
  ["4GiB", 4 * 1024 ** 3],
  ["20MiB", 20 * 1024 ** 2],
  ["1.5KiB", 1536],
  ["1GB", 1e9],
  ["1.005GB", 1_005_000_000],
  ["512", 512],
  [512, 512],
  ["7B", 7],
  ["0", 0],
])("%j is a size", (text, value) => {
  expect(parseSize(text)).toEqual({ ok: true, value });
});

test.each(["", "GiB", "-1", "1 GiB", "1gib", "1Gib", "1e3", "0x10", "1.5", "9999999999GiB", "NaN", "1,000", " 1"])(
  "%j is no size",
  (text) => {
    expect(parseSize(text)).toMatchObject({ ok: false });
  },
);

test("durations need a unit, counts may have one", () => {
  expect(parseDuration("30m")).toEqual({ ok: true, value: 1_800_000 });
  expect(parseDuration("1.5h")).toEqual({ ok: true, value: 5_400_000 });
  expect(parseDuration("30")).toMatchObject({ ok: false, message: expect.stringContaining("unit is missing") });
  expect(parseCount("2M")).toEqual({ ok: true, value: 2_000_000 });
  expect(parseCount(400)).toEqual({ ok: true, value: 400 });
  expect(parseCount("constructor")).toMatchObject({ ok: false });
  expect(parseCount("1constructor")).toMatchObject({ ok: false });
});

test("what is printed reads back to the same number", () => {
  const sizes = property(integer({ min: 0, max: 2 ** 50 }), (n) => {
    const back = parseSize(formatSize(n));
    return back.ok && back.value === n;
  });
  const durations = property(integer({ min: 0, max: 2 ** 40 }), (n) => {
    const back = parseDuration(formatDuration(n));
    return back.ok && back.value === n;
  });
  expect(() => assert(sizes)).not.toThrow();
  expect(() => assert(durations)).not.toThrow();
});
