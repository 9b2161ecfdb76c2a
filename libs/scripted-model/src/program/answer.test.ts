import { expect, test } from "@jest/globals";
import { applyCreate } from "@cofferdam/agent-tools";
import fc from "fast-check";
import { createFile } from "./answer.ts";

test("a created file is the text that was asked for, for every text of lines", () => {
  const lines = fc.array(
    fc.string({ unit: "grapheme" }).map((line) => line.replaceAll(/[\r\n]/g, "")),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(lines, (each) => {
      const text = `${each.join("\n")}\n`;
      const { applyPatch } = createFile("a", text);
      expect(applyCreate("diff" in applyPatch ? applyPatch.diff : "")).toBe(text);
    }),
  );
});
