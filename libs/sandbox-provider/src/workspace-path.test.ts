import { expect, test } from "@jest/globals";
import { array, assert, constantFrom, property, string } from "fast-check";
import { normalize } from "node:path/posix";
import { assertWritable, filePath, SandboxError, WorkspacePath } from "./index.ts";

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof SandboxError) return error.code;
    throw error;
  }
};

test.each(["/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "a/", "./a", "a\0b", "\ud800", "x".repeat(256)])(
  "%j is no workspace path",
  (text) => {
    expect(codeOf(() => WorkspacePath(text))).toBe("PATH_INVALID");
  },
);

test("a path with odd but harmless characters is kept as it is", () => {
  for (const text of ["", "a b/ü/\n", "-rf", "...", "a\\b"]) expect(WorkspacePath(text)).toBe(text);
});

test("whatever is accepted is normal and stays below its root", () => {
  const piece = constantFrom("..", ".", "/", "a", "b/c", "", "\0", "-", " ");
  assert(
    property(array(piece, { maxLength: 8 }), string(), (pieces, noise) => {
      const text = pieces.join("/") + noise;
      if (codeOf(() => WorkspacePath(text)) !== undefined) return;
      expect(normalize(`/w/${text}`)).toBe(text === "" ? "/w/" : `/w/${text}`);
    }),
  );
});

test("a file needs a name", () => {
  expect(codeOf(() => filePath(""))).toBe("PATH_INVALID");
});

test("a read-only folder and what lies below it cannot be written, a namesake can", () => {
  expect(codeOf(() => assertWritable(WorkspacePath("inputs/a"), ["inputs"]))).toBe("PATH_READ_ONLY");
  expect(codeOf(() => assertWritable(WorkspacePath("inputs"), ["inputs"]))).toBe("PATH_READ_ONLY");
  expect(codeOf(() => assertWritable(WorkspacePath("inputs2/a"), ["inputs"]))).toBeUndefined();
});
