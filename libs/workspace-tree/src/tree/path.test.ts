import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { bytesOfText, comparePaths, isWithin, parentOf, parseTreePath, textOfBytes, treePath } from "./path.ts";
import { anyPath } from "./tree.arbitrary.ts";

test("any bytes have one text, which is well-formed and gives the bytes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = textOfBytes(bytes);
      expect(text.isWellFormed()).toBe(true);
      expect(Buffer.from(bytesOfText(text)).equals(bytes)).toBe(true);
    }),
  );
});

test("different bytes have different texts", () => {
  const bytes = fc.uint8Array({ maxLength: 4 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(textOfBytes(a) === textOfBytes(b)).toBe(Buffer.from(a).equals(b));
    }),
  );
});

test("a text either is the one of its bytes or is refused", () => {
  const letters = fc.constantFrom("\\", "x", "f", "0", "8", "a", "é", "\ud800", "\uFFFD");
  const found = fc.check(
    fc.property(fc.string({ unit: letters, maxLength: 12 }), (text) => {
      let bytes: Buffer;
      try {
        bytes = bytesOfText(text);
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "INVALID_PATH";
      }
      return textOfBytes(bytes) === text;
    }),
  );
  expect(found.failed).toBe(false);
});

test("order is the order of bytes", () => {
  fc.assert(
    fc.property(anyPath, anyPath, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(bytesOfText(a), bytesOfText(b)));
    }),
  );
});

test("ordinary names stand as they are, odd ones escaped", () => {
  expect(treePath("Berichte/2026 é.md")).toBe("Berichte/2026 é.md");
  expect(treePath("a\\b")).toBe("a\\\\b");
  expect(textOfBytes(Buffer.from([0x66, 0xff, 0x0a]))).toBe("f\\xff\n");
  expect(textOfBytes(Buffer.from("\uFFFD"))).toBe("\uFFFD");
});

test.each([
  "",
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "a/../b",
  "../a",
  "a/.",
  "a\0b",
  "\\x2e\\x2e/a",
  "\\x2fetc",
  "\\",
  "x".repeat(256),
])("%j is no path", (text) => {
  expect(() => parseTreePath(text)).toThrow(expect.objectContaining({ code: "INVALID_PATH" }));
});

test("parents and membership", () => {
  expect(parentOf(treePath("a/b/c"))).toBe("a/b");
  expect(parentOf(treePath("a"))).toBeUndefined();
  expect(isWithin(treePath("a/b"), treePath("a"))).toBe(true);
  expect(isWithin(treePath("ab"), treePath("a"))).toBe(false);
});
