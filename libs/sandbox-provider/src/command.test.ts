import { expect, test } from "@jest/globals";
import { assertCommand, SandboxError } from "./index.ts";

test.each<[string, string[], Record<string, string>]>([
  ["nothing to run", [], {}],
  ["an empty program", [""], {}],
  ["a program that reads as an option", ["-x"], {}],
  ["a program that reads as an assignment", ["A=b"], {}],
  ["a NUL in an argument", ["a", "b\0c"], {}],
  ["a NUL in a value", ["a"], { A: "\0" }],
  ["a name that is no name", ["a"], { "A B": "1" }],
  ["an argument beyond the kernel's bound", ["a", "x".repeat(131_071)], {}],
  ["arguments beyond the bound together", ["a", ...Array.from({ length: 20 }, () => "x".repeat(100_000))], {}],
])("%s is refused", (_, argv, environment) => {
  expect(() => assertCommand(argv, environment)).toThrow(SandboxError);
});

test("ordinary commands pass", () => {
  expect(() => assertCommand(["bash", "-lc", "echo hi"], { A_1: "x=y\n" })).not.toThrow();
});
