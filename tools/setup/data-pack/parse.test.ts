import { expect, test } from "@jest/globals";
import { parseDataSources } from "./parse.ts";

const integrity = `sha512-${"A".repeat(86)}==`;
const good = { package: "p", version: "1.2.3", integrity, files: ["data/*.csv"], into: "data/prices" };

test("packaged and optional data are read", () => {
  const optional = { optionalPath: "../shared/data/ccda", into: "data/ccda" };
  expect(parseDataSources(JSON.stringify([good, optional]), "data.json")).toEqual([good, optional]);
});

test("every problem is named at once", () => {
  const bad = [{ ...good, version: "^1.0.0", integrity: "sha1-x", files: [] }, { optionalPath: "", into: "x" }, 7];
  expect(() => parseDataSources(JSON.stringify(bad), "data.json")).toThrow(
    /\[0\]\.integrity.*\[0\]\.version.*\[0\]\.files names no file.*\[1\]\.optionalPath.*\[2\] is no object/s,
  );
});

test.each(["..", "../x", "a/../../x", "/etc", "a//b", ".", "a\\..\\b", ""])("data cannot be put into %j", (into) => {
  expect(() => parseDataSources(JSON.stringify([{ ...good, into }]), "data.json")).toThrow(/\[0\]\.into/);
});

test("what is no JSON is named with its file", () => {
  expect(() => parseDataSources("[", "examples/x/data.json")).toThrow(/reading examples\/x\/data\.json/);
});
