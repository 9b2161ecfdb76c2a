import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import type { events } from "@cofferdam/contracts";
import { type InboxMessage, type RunState, TaskId } from "@cofferdam/run-log";
import {
  chooser,
  MemoryLog,
  runSubmitted,
  sampleFailure,
  sampleResult,
  sampleRun,
  sampleUsage,
} from "@cofferdam/run-log/testing";
import { decide } from "./decide.ts";
import { type Scenario, Simulation } from "../testing/simulation.ts";

const simulate = (seed: number, scenario: Scenario, how = decide) => {
  const simulation = new Simulation(chooser(seed), scenario, how);
  simulation.run(1_500);
  return simulation;
};

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  plan: fc.record({
    fanOutInput: fc.constantFrom("", "records"),
    items: fc.integer({ min: 1, max: 6 }),
    maxParallel: fc.integer({ min: 0, max: 4 }),
    join: fc.boolean(),
    maxAttempts: fc.integer({ min: 0, max: 3 }),
    budget: fc.constantFrom(undefined, { tokens: 100_000, toolCalls: 0, wallMs: 0 }),
  }),
  retryable: fc.constantFrom(0, 0, 1, 4),
  fatal: fc.constantFrom(0, 0, 1),
  cancels: fc.boolean(),
});

describe("in a world of crashes, duplicates and stale views", () => {
  test("every run ends once, within its parallelism, attempts and budget, and publishes at most once", () => {
    const ends = new Set<string>();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), scenarios, (seed, scenario) => {
        const simulation = simulate(seed, scenario);
        expect(simulation.verdict()).toEqual([]);
        ends.add(simulation.root.state.status);
      }),
      { numRuns: 120 },
    );
    expect([...ends].sort()).toEqual(["cancelled", "completed", "failed"]);
  });

  test("negative control: a planner that dispatches one too many, or never looks again, is caught", () => {
    const plan = { fanOutInput: "records", items: 6, maxParallel: 2, join: false };
    const scenario: Scenario = { plan, retryable: 0, fatal: 0, cancels: false };
    const greedy: typeof decide = (state, logs, inbox) => {
      const wide = { ...state.submitted?.plan, ...plan, maxParallel: 3 } as events.RunPlan;
      const submitted = state.submitted === undefined ? undefined : { ...state.submitted, plan: wide };
      return decide({ ...state, submitted }, logs, inbox);
    };
    const forgetful: typeof decide = (state, logs, inbox) =>
      decide(state, logs, inbox).filter((intent) => intent.kind !== "begin-task");
    expect(simulate(1, scenario, greedy).verdict()).toContain("3 tasks at once");
    expect(simulate(1, scenario, forgetful).verdict().join()).toContain("did not end");
    expect(simulate(1, scenario).verdict()).toEqual([]);
  });
});

describe("one decision", () => {
  const at = (plan: Partial<events.RunPlan> = {}) => {
    const root = new MemoryLog(sampleRun);
    root.submit(runSubmitted(plan));
    root.claim("p");
    return root;
  };
  /** Carries out appends until nothing is appended any more, and returns the other intents. */
  const settle = (
    root: MemoryLog,
    logs: ReadonlyMap<string, RunState> = new Map(),
    inbox: readonly InboxMessage[] = [],
  ) => {
    for (;;) {
      const intents = decide(root.state, logs, inbox);
      const appended = intents.flatMap((intent) => (intent.kind === "append" ? intent.events : []));
      if (appended.length === 0) return intents;
      for (const event of appended) expect(root.append(event)).toMatchObject({ valid: true });
    }
  };
  const taskLog = (id: string, submitted: events.RunSubmitted) => {
    const log = new MemoryLog({ ...sampleRun, task: TaskId(id) });
    log.submit(submitted);
    log.claim("w");
    return log;
  };
  const begun = (root: MemoryLog) => settle(root).flatMap((i) => (i.kind === "begin-task" ? [i] : []));

  test("items become tasks in their order, as many at once as the plan says", () => {
    const root = at({ items: 3, maxParallel: 2 });
    expect(begun(root).map((i) => [i.log, i.submitted.task?.item])).toEqual([
      ["t001", 0],
      ["t002", 1],
    ]);
    expect(root.state.planned?.map((t) => t.taskId)).toEqual(["t001", "t002", "t003", "join", "publish"]);
  });

  test("without a fan-out one task works on everything", () => {
    const root = at({ fanOutInput: "", items: 0, join: false });
    expect(begun(root).map((i) => [i.log, i.submitted.task?.item])).toEqual([["t001", undefined]]);
  });

  test("a fan-out over nothing fails the run instead of publishing nothing", () => {
    const root = at({ items: 0 });
    settle(root);
    expect(root.state).toMatchObject({ status: "failed", failure: { reason: "NOTHING_TO_DO" } });
  });

  test("the budget is shared by agents, time by rounds, and a retry gets what is left", () => {
    const root = at({ items: 3, maxParallel: 3, join: true, budget: { tokens: 8_000, toolCalls: 40, wallMs: 60_000 } });
    const [first] = begun(root);
    expect(first?.submitted.task?.budget).toEqual({ tokens: 2_000, toolCalls: 10, wallMs: 30_000 });
    root.append({
      type: "task.failed",
      data: { taskId: "t001", failure: sampleFailure(true), usage: sampleUsage, logDigest: "" },
    });
    const again = begun(root).find((i) => i.log === "t001-a2");
    expect(again?.submitted.task).toMatchObject({ attempt: 2, budget: { tokens: 950, toolCalls: 10 } });
  });

  test("a retryable failure that spent its share is not tried again", () => {
    const root = at({ items: 1, join: false, budget: { tokens: 1_000, toolCalls: 0, wallMs: 0 } });
    begun(root);
    root.append({
      type: "task.failed",
      data: { taskId: "t001", failure: sampleFailure(true), usage: sampleUsage, logDigest: "" },
    });
    settle(root);
    expect(root.state).toMatchObject({ status: "failed", failure: { reason: "MODEL_OVERLOADED" } });
  });

  test("a task's end is taken over from its own log, with the digest that chains the two", () => {
    const root = at({ items: 1, join: false });
    const [first] = begun(root);
    if (first === undefined) throw new Error("nothing begun");
    const log = taskLog(first.log, first.submitted);
    log.append({ type: "task.started", data: { taskId: "t001", itemPath: "a.txt" } });
    log.append({ type: "run.completed", data: { result: sampleResult("t001") } });
    settle(root, new Map([[first.log, log.state]]));
    expect(root.state.tasks.get("t001")).toMatchObject({
      status: "completed",
      result: { outputsTreeDigest: sampleResult("").outputsTreeDigest },
    });
    const publish = begun(root).find((i) => i.log === "publish");
    expect(publish?.submitted.task?.upstream.map((u) => u.taskId)).toEqual(["t001"]);
  });

  test("a cancel before planning ends the run at once, later it first reaches the tasks in flight", () => {
    const cancel: InboxMessage = { id: "c1", command: "cancel", principal: "bob", reason: "enough" };
    const early = at();
    settle(early, new Map(), [cancel]);
    expect(early.state).toMatchObject({ status: "cancelled", cancelled: { principal: "bob", reason: "enough" } });
    const late = at({ items: 3, maxParallel: 2 });
    const logs = new Map(begun(late).map((i) => [i.log, taskLog(i.log, i.submitted).state]));
    expect(settle(late, logs, [cancel])).toEqual(
      ["t001", "t002"].map((log) => ({ kind: "tell-task", log, message: cancel })),
    );
    expect(late.state.status).toBe("running");
  });
});
