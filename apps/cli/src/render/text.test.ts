import { expect, test } from "@jest/globals";
import { assert, integer, property, string } from "fast-check";
import { bytes, count, duration } from "./quantity.ts";
import { table } from "./table.ts";
import { columns, printable, shorten, shortenStart, wrap } from "./text.ts";

const any = string({ unit: "binary" });

test("nothing that a record or a model wrote can steer the terminal", () => {
  expect(printable("a\u001B[2Jb\u0007\u202Ec\r\nd\u009B31m")).toBe("abc d");
  assert(property(any, (text) => !/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(printable(text))));
});

test("shortened text fits, and what was cut is marked", () => {
  expect(shorten("hello world", 7)).toBe("hello…");
  expect(shortenStart("a/long/path.txt", 9)).toBe("…path.txt");
  assert(
    property(any, integer({ min: 1, max: 40 }), (text, width) => {
      const clean = printable(text);
      return columns(shorten(clean, width)) <= width && columns(shortenStart(clean, width)) <= width;
    }),
  );
});

test("wide characters take two columns", () => {
  expect(columns("診療")).toBe(4);
  expect(shorten("診療録", 5)).toBe("診療…");
});

test("wrapped lines fit and lose no word that fits", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
});

test("quantities read as people write them", () => {
  expect([0, 999, 1_000, 1_536, 144_000, 3e9].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.5 KiB",
    "141 KiB",
    "2.8 GiB",
  ]);
  expect([12, 999, 1_000, 59_940, 125_000, 3_780_000].map(duration)).toEqual([
    "12 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "2 min 5 s",
    "1 h 3 min",
  ]);
  expect(count(1_234_567)).toBe("1,234,567");
});

test("a table keeps within its width by breaking the flexible column", () => {
  const words = "found twelve encounters in this record and each of them stands where it says it does";
  const lines = table(
    [{ title: "id" }, { title: "n", align: "right" }, { title: "result", flexible: true }],
    [["t1", "12", words]],
    40,
  );
  expect(lines[0]).toMatch(/^id {3}n {2}result$/);
  expect(Math.max(...lines.map(columns))).toBeLessThanOrEqual(40);
  expect(lines[2]).toMatch(/^t1 {2}12 {2}found twelve/);
  expect(lines).toHaveLength(5);
});
