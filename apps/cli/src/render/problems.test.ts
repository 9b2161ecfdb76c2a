import { expect, test } from "@jest/globals";
import { noPaint } from "./paint.ts";
import { problemLines } from "./problems.ts";

const source = ["apiVersion: cofferdam.dev/v1", "spec:", "\tinputs: { a: { from: s3://x } }"].join("\n");
const problem = {
  path: "spec.inputs",
  line: 3,
  column: 9,
  reason: "UNSUPPORTED",
  message: "no s3 yet",
  mend: "use file:",
};

test("a problem stands at its place, with its line and a caret under the column", () => {
  expect(problemLines("m.yaml", source, [problem], 100, noPaint)).toEqual([
    "m.yaml:3:9 UNSUPPORTED no s3 yet — use file:",
    "    3 │  inputs: { a: { from: s3://x } }",
    "      │         ^",
  ]);
});

test("all problems come, in the order of the file; those without a place first and without a line", () => {
  const lines = problemLines(
    "m.yaml",
    source,
    [problem, { ...problem, line: 0, column: 0 }, { ...problem, line: 1, column: 1 }],
    100,
    noPaint,
  );
  expect(lines.filter((line) => line.startsWith("m.yaml:")).map((line) => line.split(" ")[0])).toEqual([
    "m.yaml:",
    "m.yaml:1:1",
    "m.yaml:3:9",
  ]);
});

test("the caret of a long line stays within the width", () => {
  const long = `a: ${"x".repeat(500)}?`;
  const [, line, caret] = problemLines("m", long, [{ ...problem, line: 1, column: 504 }], 60, noPaint);
  const at = caret?.indexOf("^") ?? -1;
  expect(at).toBeLessThan(60);
  expect(line?.[at]).toBe("?");
});
