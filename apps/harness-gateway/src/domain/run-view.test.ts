import { expect, test } from "@jest/globals";
import { emptyState, type LogEvent, type Step, type TaskView } from "@cofferdam/run-log";
import { sampleRun } from "@cofferdam/run-log/testing";
import { longestResume, viewRun } from "./run-view.ts";

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

test("a denied step was never started, hence not lost; one that was started three times was lost twice", () => {
  const decided = {
    step: 1,
    principal: "",
    action: "",
    resource: "",
    decision: "DECISION_DENY",
    policies: [],
    reason: "",
  };
  const committed = {
    step: 1,
    exitCode: 0,
    output: undefined,
    snapshotDigest: "",
    durationMs: 0,
    written: [],
    removed: [],
    limit: "",
  };
  const denied = { step: 1, decided, started: undefined, sandboxId: "", committed } as Step;
  const restarted = { ...denied, started: { ...step.data, attempt: 3 } } as Step;
  const task = { taskId: "t001", kind: "TASK_KIND_WORK", status: "dispatched", attempt: 1 } as TaskView;
  const root = { ...emptyState(sampleRun), tasks: new Map([["t001", task]]) };
  const lostSteps = (steps: readonly Step[]) =>
    viewRun("r", root, new Map([["t001", { state: { ...emptyState(sampleRun), steps }, history: [] }]])).tasks[0];
  expect(lostSteps([denied])).toMatchObject({ stepsStarted: 0, stepsCommitted: 1, stepsLost: 0 });
  expect(lostSteps([denied, restarted])).toMatchObject({ stepsStarted: 1, stepsCommitted: 2, stepsLost: 2 });
});
