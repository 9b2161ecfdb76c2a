import { expect, test } from "@jest/globals";
import { eventOf } from "../progress/event-fixture.ts";
import { eventLine } from "./event-line.ts";

test.each([
  [
    eventOf(
      "r/t001",
      "step.started",
      { step: 3, attempt: 2, tool: "exec_command", arguments: { inline: '{"cmd":"ls\\n-l"}' } },
      7,
    ),
    "10:00:07 t001    step 3 (again, from its checkpoint): ls -l",
  ],
  [
    eventOf("r/t001", "step.committed", { step: 3, exitCode: 1, durationMs: 40, written: ["a"], limit: "timeout" }),
    "10:00:00 t001    step 3 committed: exit 1, 40 ms, 1 written, timeout limit",
  ],
  [eventOf("r/t001", "sandbox.lost", { sandboxId: "s", reason: "killed" }), "10:00:00 t001    sandbox lost: killed"],
  [
    eventOf("r/t001", "policy.decided", { step: 1, decision: "DECISION_DENY", reason: "network" }),
    "10:00:00 t001    step 1 denied: network",
  ],
  [eventOf("r", "run.failed", { failure: { message: "t001 failed" } }), "10:00:00 run     failed: t001 failed"],
])("an event reads as one line", (event, line) => {
  expect(eventLine(event)).toBe(line);
});

test("events that only machines need have no line", () => {
  expect(eventLine(eventOf("r/t001", "policy.decided", { step: 1, decision: "DECISION_ALLOW" }))).toBeUndefined();
});
