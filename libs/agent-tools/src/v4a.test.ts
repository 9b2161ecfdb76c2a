import { describe, expect, test } from "@jest/globals";
import { array, assert, property, string, stringMatching } from "fast-check";
import { applyCreate, applyUpdate, PatchError } from "./v4a.ts";

describe("create", () => {
  test("is the added lines", () => expect(applyCreate("+a\n+\n+b\n")).toBe("a\n\nb\n"));
  test("refuses a line without a plus", () => expect(() => applyCreate("+a\nb")).toThrow("line 2"));
});

describe("update", () => {
  const file = "import a\n\nfunction f() {\n  return 1;\n}\n\nfunction g() {\n  return 1;\n}\n";

  test("replaces the lines that its context names", () => {
    expect(applyUpdate(file, "@@\n import a\n \n-function f() {\n+function h() {\n")).toContain("function h()");
  });
  test("an anchor chooses among equal places", () => {
    const out = applyUpdate(file, "@@ function g() {\n-  return 1;\n+  return 2;\n");
    expect(out).toBe(file.replace("g() {\n  return 1", "g() {\n  return 2"));
  });
  test("several sections apply in order", () => {
    const out = applyUpdate("1\n2\n3\n4\n", "@@\n-1\n+one\n@@\n-4\n+four\n");
    expect(out).toBe("one\n2\n3\nfour\n");
  });
  test("context may differ in white space at the ends", () => {
    expect(applyUpdate("\tx = 1  \ny\n", "@@\n x = 1\n-y\n+z\n")).toBe("\tx = 1  \nz\n");
  });
  test("keeps carriage returns and a missing last newline", () => {
    expect(applyUpdate("a\r\nb\r\n", "@@\n-a\n+c\n")).toBe("c\r\nb\r\n");
    expect(applyUpdate("a\nb", "@@\n-b\n+c\n")).toBe("a\nc");
  });
  test("adds at the end of file", () => {
    expect(applyUpdate("a\n", "@@\n+b\n*** End of File\n")).toBe("a\nb\n");
  });
  test("context that is nowhere is an error that shows it", () => {
    expect(() => applyUpdate(file, "@@\n-no such line\n+x\n")).toThrow(PatchError);
  });
  test("a diff between any two texts, as one section of all lines, yields the second", () => {
    const line = stringMatching(/^[a-c ]{0,4}$/);
    assert(
      property(array(line, { minLength: 1 }), array(line), (a, b) => {
        const diff = `@@\n${a.map((l) => `-${l}\n`).join("")}${b.map((l) => `+${l}\n`).join("")}`;
        expect(applyUpdate(`${a.join("\n")}\n`, diff)).toBe(b.length === 0 ? "\n" : `${b.join("\n")}\n`);
      }),
    );
  });
  test("arbitrary text never throws anything but a PatchError", () => {
    expect(() =>
      assert(property(string(), string(), (a, b) => failsOnlyWith(PatchError, () => applyUpdate(a, b)))),
    ).not.toThrow();
  });
});

function failsOnlyWith(type: new (message: string) => Error, act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return error instanceof type;
  }
}
