import { expect, test } from "@jest/globals";
import { formatLocation, locationPath, parseLocation } from "./location.ts";

const at = (text: string) => {
  const parsed = parseLocation(text);
  return parsed.ok
    ? [formatLocation(parsed.location), locationPath(parsed.location, "/base/dir")]
    : parsed.fault.reason;
};

test.each([
  ["file:data", ["file:data", "/base/dir/data"]],
  ["file:./data/", ["file:data", "/base/dir/data"]],
  ["file:.data/a.csv", ["file:.data/a.csv", "/base/dir/.data/a.csv"]],
  ["file:.", ["file:.", "/base/dir"]],
  ["file:///srv/data/", ["file:///srv/data", "/srv/data"]],
  ["file:/srv/data", ["file:///srv/data", "/srv/data"]],
  ["FILE:data", ["file:data", "/base/dir/data"]],
  ["data", "INVALID_LOCATION"],
  ["", "INVALID_LOCATION"],
  ["file:", "INVALID_PATH"],
  ["file://host/data", "INVALID_LOCATION"],
  ["file:../data", "PATH_ESCAPES"],
  ["file:a/../../data", "PATH_ESCAPES"],
  ["file:///srv/../etc", "PATH_ESCAPES"],
  ["file:%2e%2e/x", "INVALID_PATH"],
  ["file:a\\..\\b", "INVALID_PATH"],
  ["s3://bucket/x", "UNSUPPORTED"],
  ["S3://bucket/x", "UNSUPPORTED"],
  ["javascript:x", "INVALID_LOCATION"],
])("%j", (text, expected) => {
  expect(at(text)).toEqual(expected);
});
