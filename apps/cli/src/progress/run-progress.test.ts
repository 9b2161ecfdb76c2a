import { expect, test } from "@jest/globals";
import { executionFacts } from "./execution-facts.ts";
import { eventOf } from "./event-fixture.ts";
import { advance, noProgress, type RunProgress } from "./run-progress.ts";

const body = (value: object) => ({ inline: JSON.stringify(value) });
const planned = eventOf("r", "run.planned", {
  tasks: [
    { taskId: "t001", kind: "TASK_KIND_WORK", item: 0 },
    { taskId: "t002", kind: "TASK_KIND_PUBLISH" },
  ],
});
const fold = (...events: Parameters<typeof advance>[1][]): RunProgress => events.reduce(advance, noProgress);
const step = (n: number, attempt = 1) =>
  eventOf("r/t001", "step.started", { step: n, tool: "exec_command", attempt, arguments: body({ cmd: `echo ${n}` }) });
const committed = (n: number) => eventOf("r/t001", "step.committed", { step: n, exitCode: 0 });

test("a step that a lost sandbox interrupted counts once, and as interrupted", () => {
  const run = fold(
    planned,
    eventOf("r/t001", "task.started", { taskId: "t001", itemPath: "a.txt" }),
    step(1),
    committed(1),
    step(2),
    eventOf("r/t001", "sandbox.lost", { sandboxId: "s1", reason: "killed" }),
    eventOf("r/t001", "sandbox.attached", { sandboxId: "s2" }),
    step(2, 2),
    committed(2),
  );
  expect(executionFacts(run)).toEqual({ steps: 2, committedOnce: 2, interrupted: 1, sandboxesLost: 1 });
});

test("a step that was committed twice is not counted as executed once", () => {
  expect(executionFacts(fold(planned, step(1), committed(1), committed(1)))).toMatchObject({
    steps: 1,
    committedOnce: 0,
  });
});

test("what a task does now is its command, while the model answers nothing", () => {
  const during = fold(planned, step(1));
  expect(during.tasks.get("t001")?.doing).toBe("echo 1");
  expect(advance(during, committed(1)).tasks.get("t001")?.doing).toBe("");
});

test("a second attempt is the same task, and its steps are counted anew", () => {
  const run = fold(
    planned,
    eventOf("r", "task.dispatched", { taskId: "t001", kind: "TASK_KIND_WORK", attempt: 1 }),
    step(1),
    eventOf("r", "task.failed", { taskId: "t001", failure: { reason: "X", message: "no", retryable: true } }),
    eventOf("r", "task.dispatched", { taskId: "t001", kind: "TASK_KIND_WORK", attempt: 2 }),
    eventOf("r/t001-a2", "task.started", { taskId: "t001", itemPath: "a.txt" }),
  );
  expect([...run.tasks.keys()]).toEqual(["t001", "t002"]);
  expect(run.tasks.get("t001")).toMatchObject({ status: "running", attempt: 2, steps: new Map() });
});

test("tokens add up over the answers of a task", () => {
  const usage = { inputTokens: 10, outputTokens: 5, modelCalls: 1 };
  const answered = eventOf("r/t001", "model.responded", { callId: "c", usage });
  expect(fold(planned, answered, answered).tasks.get("t001")?.usage).toMatchObject({
    inputTokens: 20,
    outputTokens: 10,
  });
});

test("the end of the run ends it, with its reason", () => {
  const failed = eventOf("r", "run.failed", { failure: { reason: "X", message: "task t001 failed" } });
  expect(fold(planned, failed)).toMatchObject({ status: "failed", failure: "task t001 failed" });
});
