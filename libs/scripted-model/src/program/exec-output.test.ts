import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type ExecOutput, parseExecOutput, renderExecOutput } from "./exec-output.ts";

test("the text that models are tuned on is read", () => {
  const text =
    "Chunk ID: 2e4c83\nWall time: 0.0410 seconds\nProcess exited with code 0\nOriginal token count: 1234\nOutput:\nhi\n";
  expect(parseExecOutput(text)).toEqual({
    chunkId: "2e4c83",
    wallTimeSeconds: 0.041,
    exitCode: 0,
    sessionId: null,
    originalTokenCount: 1234,
    output: "hi\n",
  });
});

test("output that looks like a head, or is empty, stays output", () => {
  const head = "Chunk ID: 0\nWall time: 1.0000 seconds\nProcess exited with code 1\nOutput:\n";
  expect(parseExecOutput(`${head}Process exited with code 0\nOutput:\nx`)).toMatchObject({
    exitCode: 1,
    output: "Process exited with code 0\nOutput:\nx",
  });
  expect(parseExecOutput(head)?.output).toBe("");
  expect(parseExecOutput(head.trimEnd())?.output).toBe("");
});

test.each(["", "Denied by policy.", "Output:\nx", "Wall time: 1 seconds\nOutput:\n"])(
  "%j is no exec result",
  (text) => {
    expect(parseExecOutput(text)).toBeUndefined();
  },
);

const results: fc.Arbitrary<ExecOutput> = fc
  .record({
    chunkId: fc.stringMatching(/^[0-9a-f]{6}$/),
    wallTimeSeconds: fc.integer({ min: 0, max: 10_000_000 }).map((tenths) => tenths / 10_000),
    ended: fc.boolean(),
    code: fc.integer({ min: -1, max: 255 }),
    originalTokenCount: fc.option(fc.nat()),
    output: fc.string({ unit: "binary" }),
  })
  .map(({ ended, code, ...rest }) => ({
    ...rest,
    exitCode: ended ? code : null,
    sessionId: ended ? null : Math.abs(code),
  }));

test("reading undoes rendering, whatever a command printed", () => {
  fc.assert(fc.property(results, (result) => expect(parseExecOutput(renderExecOutput(result))).toEqual(result)));
});

test("reading never throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) =>
      expect(() => parseExecOutput(`${text}\nOutput:\n`)).not.toThrow(),
    ),
  );
});
