import { posix } from "node:path";
import { expect, test } from "@jest/globals";
import { array, assert, constantFrom, property } from "fast-check";
import { checkRelativePath, normalizeRelativePath } from "./relative-path.ts";

test.each([
  ["../x", "PATH_ESCAPES"],
  ["a/../../x", "PATH_ESCAPES"],
  ["a/../b", "PATH_ESCAPES"],
  ["/etc/passwd", "PATH_ESCAPES"],
  ["//host/x", "PATH_ESCAPES"],
  ["C:/x", "PATH_ESCAPES"],
  ["C:x", "PATH_ESCAPES"],
  ["~/x", "PATH_ESCAPES"],
  ["..\\x", "INVALID_PATH"],
  ["a\\b", "INVALID_PATH"],
  ["a\0b", "INVALID_PATH"],
  ["a\nb", "INVALID_PATH"],
  ["a\u202ecsv.exe", "INVALID_PATH"],
  ["a\u200bb", "INVALID_PATH"],
  ["\ud800", "INVALID_PATH"],
  ["%2e%2e/x", "INVALID_PATH"],
  ["a%2Fb", "INVALID_PATH"],
  ["e\u0301.txt", "INVALID_PATH"],
  ["", "INVALID_PATH"],
  [".", "INVALID_PATH"],
  ["./", "INVALID_PATH"],
  ["a//b", "INVALID_PATH"],
  ["a/./b", "INVALID_PATH"],
  ["a /b", "INVALID_PATH"],
  ["a./b", "INVALID_PATH"],
  [".. /b", "INVALID_PATH"],
  ["x".repeat(256), "INVALID_PATH"],
  [`${"x/".repeat(600)}x`, "INVALID_PATH"],
])("%j is refused: %s", (path, reason) => {
  expect(checkRelativePath(path)).toMatchObject({ reason });
});

test.each(["a", "a/b.csv", "./a", "out/", ".data/x", "100%/x", "Übersicht/größe.txt", "a b/c", "...a", "文件.txt"])(
  "%j is right",
  (path) => {
    expect(checkRelativePath(path)).toBeUndefined();
  },
);

test("no path that passes leads out of its root", () => {
  const piece = constantFrom("..", ".", "/", "\\", "a", "%2e", "%2f", "~", "C:", " ", "\0", "．．", "\u2024", "..;");
  const fuzz = property(array(piece, { maxLength: 8 }), (pieces) => {
    const path = pieces.join("");
    if (checkRelativePath(path) !== undefined) return true;
    const normal = normalizeRelativePath(path);
    const readings = [
      normal,
      decodeURIComponent(normal.replaceAll(/%(?![0-9a-f]{2})/gi, "%25")),
      normal.replaceAll("\\", "/"),
    ];
    return readings.every((reading) => posix.resolve("/root/work", reading).startsWith("/root/work/"));
  });
  expect(() => assert(fuzz, { numRuns: 5_000 })).not.toThrow();
});
