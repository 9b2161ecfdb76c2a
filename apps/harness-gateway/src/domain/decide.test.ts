import { describe, expect, test } from "@jest/globals";
import type { events } from "@cofferdam/contracts";
import { emptyState, NO_EVENT, noUsage, RunId, type RunState, type Step, TaskId, Team } from "@cofferdam/run-log";
import type { Answer } from "./answer.ts";
import { type Act, decide } from "./decide.ts";

const task = (kind: events.TaskKind, budget?: events.Budget): events.TaskSpec => ({
  taskId: "t001",
  kind,
  item: 0,
  upstream: [],
  budget,
  attempt: 1,
});

function stateOf(changes: Partial<RunState>, spec = task("TASK_KIND_WORK")): RunState {
  const submitted = { task: spec, inputs: [] } as unknown as events.RunSubmitted;
  return {
    ...emptyState({ team: Team("t"), run: RunId("r1"), task: TaskId("t001") }),
    head: { ordinal: 3, digest: NO_EVENT, epoch: 1, owner: "w", sequence: 3 },
    status: "running",
    submitted,
    started: { taskId: "t001", itemPath: "a" },
    sandbox: { sandboxId: "sb1", tier: "namespace", snapshotDigest: "", readyMs: 1, epoch: 1 },
    ...changes,
  };
}

const turn = (n: number, responded = true) => ({
  requested: { callId: `c${n}`, turn: n, model: "m", request: undefined },
  responded: responded ? ({ callId: `c${n}` } as events.ModelResponded) : undefined,
});
const call = (id: string) => ({ callId: id, tool: "exec_command", arguments: "{}" });
const answer = (calls: string[], text = ""): Answer => ({ text, calls: calls.map(call), incomplete: undefined });
const step = (n: number, rest: Partial<Step> = {}): Step => ({
  step: n,
  decided: { decision: "DECISION_ALLOW", reason: "" } as events.PolicyDecided,
  started: undefined,
  sandboxId: "",
  committed: undefined,
  ...rest,
});
const started = (n: number, attempt: number, sandbox: string) =>
  ({ step: n, attempt, execId: `s${n}a${attempt}@${sandbox}` }) as events.StepStarted;
const committed = { exitCode: 0 } as events.StepCommitted;
const act = (state: RunState, answers: Answer[] = [], elapsedMs = 0): Act => decide(state, { answers, elapsedMs });

describe("the loop", () => {
  test("starts, attaches, asks, in this order", () => {
    expect(act(stateOf({ started: undefined })).kind).toBe("start");
    expect(act(stateOf({ sandbox: undefined })).kind).toBe("attach");
    expect(act(stateOf({}))).toEqual({ kind: "request", turn: 1 });
    expect(act(stateOf({ turns: [turn(1, false)] }))).toMatchObject({ kind: "call", requested: { callId: "c1" } });
  });

  test("judges each call of an answer before it executes it", () => {
    const turns = [turn(1)];
    const answers = [answer(["a", "b"])];
    expect(act(stateOf({ turns }), answers)).toMatchObject({ kind: "judge", step: 1, call: { callId: "a" } });
    expect(act(stateOf({ turns, steps: [step(1)] }), answers)).toMatchObject({ kind: "execute", step: 1 });
    expect(act(stateOf({ turns, steps: [step(1, { committed })] }), answers)).toMatchObject({
      kind: "judge",
      step: 2,
      call: { callId: "b" },
    });
  });

  test("asks again when every call of the answer is committed", () => {
    const steps = [step(1, { committed }), step(2, { committed })];
    expect(act(stateOf({ turns: [turn(1)], steps }), [answer(["a", "b"])])).toEqual({ kind: "request", turn: 2 });
  });

  test("ends with the words of an answer without calls", () => {
    expect(act(stateOf({ turns: [turn(1)] }), [answer([], "done")])).toEqual({ kind: "finish", text: "done" });
  });

  test("a denied call is refused, never executed", () => {
    const decided = { decision: "DECISION_DENY", reason: "no" } as events.PolicyDecided;
    expect(act(stateOf({ turns: [turn(1)], steps: [step(1, { decided })] }), [answer(["a"])]).kind).toBe("refuse");
  });

  test("an answer cut short without a call fails, and may be tried again", () => {
    const cut = { ...answer([]), incomplete: "max_output_tokens" };
    expect(act(stateOf({ turns: [turn(1)] }), [cut])).toMatchObject({ failure: { retryable: true } });
  });

  test("a publishing task needs no sandbox", () => {
    expect(act(stateOf({ sandbox: undefined }, task("TASK_KIND_PUBLISH"))).kind).toBe("publish");
  });

  test.each(["completed", "failed", "cancelled"] as const)("nothing happens after %s", (status) => {
    expect(act(stateOf({ status })).kind).toBe("ended");
  });
});

describe("after a loss", () => {
  const turns = [turn(1)];
  const answers = [answer(["a"])];

  test("a sandbox of an earlier epoch is taken over before anything else", () => {
    const head = { ordinal: 9, digest: NO_EVENT, epoch: 2, owner: "w2", sequence: 9 };
    expect(act(stateOf({ turns, head }), answers).kind).toBe("reattach");
  });
  test("a step that began in the same sandbox is asked for under its old key", () => {
    const state = stateOf({ turns, steps: [step(1, { started: started(1, 1, "sb1"), sandboxId: "sb1" })] });
    expect(act(state, answers)).toMatchObject({ attempt: { number: 1, execId: "s1a1@sb1", begun: true } });
  });
  test("a step that began in a lost sandbox begins again in the new one", () => {
    const state = stateOf({ turns, steps: [step(1, { started: started(1, 1, "sb0"), sandboxId: "sb0" })] });
    expect(act(state, answers)).toMatchObject({ attempt: { number: 2, execId: "s1a2@sb1", begun: false } });
  });
});

describe("budgets", () => {
  const limited = (budget: Partial<events.Budget>) =>
    task("TASK_KIND_WORK", { tokens: 0, toolCalls: 0, wallMs: 0, ...budget });

  test("zero is no limit", () => expect(act(stateOf({}, limited({})), [], 1e12).kind).toBe("request"));
  test.each([
    ["tokens", limited({ tokens: 10 }), { usage: { ...noUsage, inputTokens: 4, outputTokens: 6 } }, 0],
    ["tool calls", limited({ toolCalls: 1 }), { steps: [step(1, { committed })] }, 0],
    ["wall time", limited({ wallMs: 5 }), {}, 5],
  ])("%s that are spent end the task with a reason", (_name, spec, changes, elapsedMs) => {
    expect(act(stateOf(changes, spec), [], elapsedMs)).toMatchObject({ failure: { reason: "BUDGET_EXHAUSTED" } });
  });
});
