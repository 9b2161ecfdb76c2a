import { expect, test } from "@jest/globals";
import { readDocument } from "./source-document.ts";

const reasons = (text: string) => readDocument(text).problems.map((p) => p.reason);

test.each([
  ["", "SYNTAX"],
  ["# only a comment", "SYNTAX"],
  ["a: [1", "SYNTAX"],
  ["a: 1\n---\nb: 2", "SYNTAX"],
  ["a: !unknown x", "SYNTAX"],
  ["a: *nowhere", "SYNTAX"],
  ["a: &a [*a]", "SYNTAX"],
  ["? [a, b]\n: c", "WRONG_TYPE"],
  ["a: 1\na: 2", "DUPLICATE_KEY"],
  ["1: a\n'1': b", "DUPLICATE_KEY"],
])("%j is refused: %s", (text, reason) => {
  expect(reasons(text)).toContain(reason);
});

test("an alias stands for its value, and its problems are placed where it stands", () => {
  const document = readDocument("a: &x { b: 1 }\nc: *x");
  expect(document.value).toEqual({ a: { b: 1 }, c: { b: 1 } });
  const what = { reason: "INVALID_VALUE", message: "", mend: "" } as const;
  expect(document.problemAt(["c"], "value", what)).toMatchObject({ line: 2, column: 4 });
});

test("aliases that multiply are stopped early", () => {
  const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}]`);
  const started = performance.now();
  expect(reasons(["l0: &l0 x", ...levels].join("\n"))).toEqual(["TOO_LARGE"]);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a document larger than 1 MiB is refused unread", () => {
  expect(reasons(`a: ${"x".repeat(1024 ** 2)}`)).toEqual(["TOO_LARGE"]);
});

test.each([
  ["deep flow lists", "[".repeat(200_000)],
  ["deep closed lists", "[".repeat(5_000) + "]".repeat(5_000)],
  ["deep mappings", Array.from({ length: 800 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ["many keys", Array.from({ length: 70_000 }, (_, i) => `k${i}: 1`).join("\n")],
  ["many anchors", Array.from({ length: 30_000 }, (_, i) => `- &a${i} x`).join("\n")],
  ["many aliases", `- &a x\n${"- *a\n".repeat(30_000)}`],
  ["many items", `[${"1,".repeat(300_000)}1]`],
])("hostile text ends in time: %s", (_, text) => {
  const started = performance.now();
  readDocument(text);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("columns count UTF-16 units, lines by any line break", () => {
  const document = readDocument('a: 1\r\n"\u{1f600}": { b: 2 }\n');
  const what = { reason: "INVALID_VALUE", message: "", mend: "" } as const;
  expect(document.problemAt(["\u{1f600}", "b"], "value", what)).toMatchObject({ line: 2, column: 12 });
});

test("values have no prototype to reach", () => {
  const document = readDocument("constructor: 1\ntoString: 2");
  expect(Object.getPrototypeOf(document.value)).toBe(null);
});
