import { expect, test } from "@jest/globals";
import { resolve } from "node:path";
import { parseInputPlaces } from "./input-places.ts";

test("a place is relative to where the command was given; a URL stays as it is", () => {
  expect(parseInputPlaces(["a=./x=y", "b=s3://bucket/z"])).toEqual({
    a: `file://${resolve("x=y")}`,
    b: "s3://bucket/z",
  });
});

test.each([["records"], ["=x"], ["records="]])("%j is refused with its form", (text) => {
  expect(() => parseInputPlaces([text])).toThrow("name=place");
});
