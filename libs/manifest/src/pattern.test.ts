import { expect, test } from "@jest/globals";
import { array, assert, property, string } from "fast-check";
import { checkPattern, createSelector } from "./pattern.ts";

test.each([
  ["", "INVALID_PATTERN"],
  ["./", "INVALID_PATTERN"],
  ["!a", "INVALID_PATTERN"],
  ["a\\b", "INVALID_PATTERN"],
  ["/a", "PATH_ESCAPES"],
  ["../a", "PATH_ESCAPES"],
  ["a/../../b", "PATH_ESCAPES"],
  ["[a", "INVALID_PATTERN"],
  ["{a,b}".repeat(9), "INVALID_PATTERN"],
  ["a".repeat(300), "INVALID_PATTERN"],
])("%j is refused: %s", (pattern, reason) => {
  expect(checkPattern(pattern)).toMatchObject({ reason });
});

test.each([
  ["**/*.xml", ["a.xml", "b/c/d.xml", ".hidden/.x.xml"], ["a.xmls", "b/c.txt"]],
  ["*.xml", ["a.xml"], ["b/a.xml"]],
  ["b/**", ["b/c", "b/c/d"], ["c/b"]],
  ["**/b/**/d", ["b/d", "a/b/c/c/d"], ["b/c", "d"]],
  ["{a,b/{c,d}}.txt", ["a.txt", "b/c.txt", "b/d.txt"], ["b.txt", "c.txt"]],
  ["[a-c]?[!x].txt", ["abc.txt", "b1y.txt"], ["dbc.txt", "abx.txt", "ab.txt"]],
  ["170.314(b)(1) + more|$.xml", ["170.314(b)(1) + more|$.xml"], ["170.314b1 more.xml"]],
  ["{a}{,x}", ["{a}", "{a}x"], ["a"]],
  ["**", ["a", "a/b"], []],
  ["a**b", ["ab", "axxb"], ["a/b"]],
])("%s selects what it says and nothing else", (pattern, yes, no) => {
  const selects = createSelector([pattern], []);
  expect([yes.filter((path) => !selects(path)), no.filter((path) => selects(path))]).toEqual([[], []]);
});

test("what is excluded is left out", () => {
  const selects = createSelector(["./**/*.txt"], ["drafts/**"]);
  expect(["a.txt", "drafts/a.txt"].filter(selects)).toEqual(["a.txt"]);
});

test("a pattern that is a path selects that path, whatever characters it has", () => {
  const name = string({ minLength: 1, maxLength: 20 }).filter(
    (text) => !/[\\/*?[\]{}\p{Cc}\p{Cs}]|^!|^\.{1,2}$/u.test(text),
  );
  const path = array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
  expect(() => assert(property(path, (text) => createSelector([text], [])(text)))).not.toThrow();
});

test("no pattern makes a match explode: the work is bounded by the product of the lengths", () => {
  const hostile = ["*a".repeat(100), "**/".repeat(80) + "x", "{a*,*a}".repeat(8) + "!", "a*".repeat(120) + "b"];
  const path = Array.from({ length: 60 }, () => "a".repeat(60)).join("/");
  for (const pattern of hostile)
    expect([pattern, checkPattern(pattern), createSelector([pattern], [])(path)]).toEqual([pattern, undefined, false]);
});
