import { describe, expect, test } from "@jest/globals";
import { assert, json, oneof, property, string } from "fast-check";
import {
  parseExecArguments,
  parseImagePath,
  parsePatchOperation,
  ToolArgumentError,
  toolDefinitions,
} from "./tools.ts";

const args = (extra: object = {}) => JSON.stringify({ cmd: "ls", workdir: null, shell: null, ...extra });

describe("exec_command", () => {
  test("nulls mean the defaults", () => {
    expect(parseExecArguments(args())).toMatchObject({ argv: ["/bin/bash", "-c", "ls"], workdir: "" });
  });
  test("a work folder may be written with or without /workspace", () => {
    for (const workdir of ["a/b", "./a/b", "/workspace/a/b/"]) {
      expect(parseExecArguments(args({ workdir })).workdir).toBe("a/b");
    }
  });
  test.each([["/etc"], ["../x"], ["/workspace/../etc"], ["a/../../b"]])("the folder %s is refused", (workdir) => {
    expect(() => parseExecArguments(args({ workdir }))).toThrow(ToolArgumentError);
  });
  test("arbitrary arguments never throw anything but a ToolArgumentError", () => {
    const parsers = [parseExecArguments, parsePatchOperation, parseImagePath];
    const anything = oneof(string(), json());
    expect(() =>
      assert(property(anything, (text) => parsers.every((parse) => complains(() => parse(text))))),
    ).not.toThrow();
  });
});

function complains(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return error instanceof ToolArgumentError;
  }
}

test("function tools are strict and require every property, as the API demands", () => {
  for (const tool of toolDefinitions(["exec_command", "view_image"])) {
    const { parameters } = tool as { parameters: { properties: object; required: string[] } };
    expect(parameters.required).toEqual(Object.keys(parameters.properties));
  }
});
