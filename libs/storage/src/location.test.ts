import { expect, test } from "@jest/globals";
import { openLocation } from "./index.ts";

test.each([
  ["file:./results/", "file:///base/results"],
  ["file:results", "file:///base/results"],
  ["file:../x", "file:///x"],
  ["file:/abs/dir", "file:///abs/dir"],
  ["file:///abs/dir", "file:///abs/dir"],
  ["FILE:./a b", "file:///base/a%20b"],
])("%s is %s", (location, expected) => {
  expect(openLocation(location, "/base").location).toBe(expected);
});

test.each(["s3://bucket/x", "gs://b", "https://x", "./results", "", "file:", "file://host/x", "file:a\0b"])(
  "%j is refused",
  (location) => {
    expect(() => openLocation(location, "/base")).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  },
);
