import { expect, test } from "@jest/globals";
import { array, assert, constantFrom, property } from "fast-check";
import { checkPattern, createSelector } from "./pattern.ts";

test.each([
  ["", "INVALID_PATTERN"],
  ["./", "INVALID_PATTERN"],
  ["!a", "INVALID_PATTERN"],
  ["a\\b", "INVALID_PATTERN"],
  ["/a", "PATH_ESCAPES"],
  ["../a", "PATH_ESCAPES"],
  ["a/../../b", "PATH_ESCAPES"],
  ["*".repeat(30), "INVALID_PATTERN"],
  ["a".repeat(300), "INVALID_PATTERN"],
])("%j is refused: %s", (pattern, reason) => {
  expect(checkPattern(pattern)).toMatchObject({ reason });
});

test("any pattern that passes answers in time", () => {
  const piece = constantFrom("*", "**", "?", "a", "/", "{a,b}", "[a-c]", "(a|b)", "+(a)", "{", "[", "(", ".");
  const inTime = property(array(piece, { minLength: 1, maxLength: 20 }), (pieces) => {
    const pattern = pieces.join("");
    if (checkPattern(pattern) !== undefined) return true;
    const started = performance.now();
    createSelector([pattern], [])(`${"a".repeat(100)}/${"ab/".repeat(30)}!`);
    return performance.now() - started < 5_000;
  });
  expect(() => assert(inTime, { numRuns: 1_000 })).not.toThrow();
});
