import { expect, test } from "@jest/globals";
import { assert, integer, property, string } from "fast-check";
import { renderCommandResult, truncate } from "./exec-result.ts";

const result = { execId: "e", output: "hello\n", exitCode: 0, signal: 0, limit: "", durationMs: 41 };

test("the text has the lines that models are tuned on", () => {
  expect(renderCommandResult(result)).toMatch(
    /^Chunk ID: [0-9a-f]{6}\nWall time: 0\.0410 seconds\nProcess exited with code 0\nOutput:\nhello\n$/,
  );
});

test("a limit is named, a signal becomes a shell's status", () => {
  const text = renderCommandResult({ ...result, exitCode: undefined, signal: 9, limit: "timeout" });
  expect(text).toContain("Process exited with code 137\nProcess was killed: it reached its limit on timeout\n");
});

test("the same execution renders the same text", () => {
  expect(renderCommandResult(result)).toBe(renderCommandResult(result));
});

test("what fits is not touched", () => {
  assert(property(string({ maxLength: 40 }), (text) => expect(truncate(text, 40).text).toBe(text)));
});

test("truncation keeps head and tail within its budget and says how much there was", () => {
  const long = string({ unit: "grapheme", minLength: 201, maxLength: 400 });
  assert(
    property(long, integer({ min: 1, max: 50 }), (text, tokens) => {
      const cut = truncate(text, tokens);
      const [head = "", tail = ""] = cut.text.split(/…\d+ tokens truncated…/);
      expect(cut.originalTokens).toBe(Math.ceil(Buffer.byteLength(text) / 4));
      expect([text.startsWith(head), text.endsWith(tail)]).toEqual([true, true]);
      expect(Buffer.byteLength(head) + Buffer.byteLength(tail)).toBeLessThanOrEqual(tokens * 4);
    }),
  );
});
