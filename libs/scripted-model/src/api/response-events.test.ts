import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { chunks } from "./response-events.ts";

test("pieces put together are the text, none is longer than asked for but by half a pair, and no pair is torn", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 9 }), (text, length) => {
      const pieces = [...chunks(text, length)];
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(length + 1);
        expect(piece.isWellFormed()).toBe(true);
      }
    }),
  );
});
