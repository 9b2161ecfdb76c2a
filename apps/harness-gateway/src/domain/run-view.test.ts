import { expect, test } from "@jest/globals";
import type { LogEvent } from "@cofferdam/run-log";
import { longestResume } from "./run-view.ts";

const at = (timeMs: number, event: LogEvent) => ({ event, timeMs });
const lost: LogEvent = { type: "sandbox.lost", data: { sandboxId: "s", reason: "" } };
const step: LogEvent = {
  type: "step.started",
  data: { step: 1, toolCallId: "", tool: "", arguments: undefined, attempt: 1, execId: "" },
};

test("a resume lasts from the loss to the next command; the longest counts", () => {
  expect(longestResume([at(1, step), at(10, lost), at(30, step), at(40, lost), at(45, lost), at(90, step)])).toBe(50);
});

test("without a loss nothing was resumed", () => {
  expect(longestResume([at(1, step), at(5, step)])).toBe(0);
});
