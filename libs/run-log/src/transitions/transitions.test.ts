import { describe, expect, test } from "@jest/globals";
import type { EventData, EventType, LogEvent } from "../event-types.ts";
import {
  MemoryLog,
  runSubmitted,
  sampleDigest,
  sampleFailure,
  sampleResult,
  sampleRun,
  sampleTask,
  sampleUsage,
  taskSubmitted,
} from "../testing/index.ts";

const say = <T extends EventType>(type: T, data: EventData<T>) => ({ type, data }) as unknown as LogEvent;

/** Writes events of which all must be valid. */
function write(log: MemoryLog, ...list: readonly LogEvent[]): MemoryLog {
  for (const event of list) {
    const folded = log.append(event);
    if (!folded.valid) throw new Error(folded.reason);
  }
  return log;
}

/** Why the log does not take an event now; "valid" if it does. */
function verdict(log: MemoryLog, event: LogEvent): string {
  const folded = log.append(event);
  return folded.valid ? "valid" : folded.reason;
}

describe("a run's log", () => {
  const [input] = runSubmitted().inputs;
  const pinned = say("input.pinned", { input });
  const planned = say("run.planned", {
    tasks: [
      { taskId: "t001", kind: "TASK_KIND_WORK", item: 0 },
      { taskId: "t002", kind: "TASK_KIND_WORK", item: 1 },
      { taskId: "join", kind: "TASK_KIND_JOIN", item: undefined },
      { taskId: "publish", kind: "TASK_KIND_PUBLISH", item: undefined },
    ],
  });
  const dispatch = (taskId: string, attempt = 1) =>
    say("task.dispatched", {
      taskId,
      kind: taskId === "join" ? "TASK_KIND_JOIN" : taskId === "publish" ? "TASK_KIND_PUBLISH" : "TASK_KIND_WORK",
      attempt,
    });
  const complete = (taskId: string) =>
    say("task.completed", { result: sampleResult(taskId), logDigest: sampleDigest(1) });
  const fail = (taskId: string, retryable: boolean) =>
    say("task.failed", { taskId, failure: sampleFailure(retryable), usage: sampleUsage, logDigest: sampleDigest(1) });
  const cancel = say("command.accepted", { commandId: "c1", command: "cancel", principal: "bob" });
  const claimed = () => {
    const log = new MemoryLog(sampleRun);
    log.submit(runSubmitted());
    log.claim("p");
    return log;
  };
  const ready = () => write(claimed(), pinned, planned);

  test("nothing is said before it is claimed, and nothing after its end", () => {
    const log = new MemoryLog(sampleRun);
    log.submit(runSubmitted());
    expect(verdict(log, pinned)).toContain("nobody has claimed");
    expect(log.submit(runSubmitted()).valid).toBe(false);
    log.claim("p");
    write(log, say("run.failed", { failure: sampleFailure(false), usage: undefined }));
    expect(verdict(log, pinned)).toContain("ended as failed");
    expect(log.claim("q").valid).toBe(false);
  });

  test("a claim for another or of a wrong epoch is void", () => {
    const log = claimed();
    expect(log.write(say("run.claimed", { epoch: 2, owner: "q" }), { owner: "r", epoch: 2 }).valid).toBe(false);
    expect(log.write(say("run.claimed", { epoch: 3, owner: "r" }), { owner: "r", epoch: 3 }).valid).toBe(false);
    expect(log.write(say("run.claimed", { epoch: 2, owner: "r" }), { owner: "r", epoch: 2 }).valid).toBe(true);
  });

  test("it is planned once, after every input is pinned as submitted", () => {
    const log = claimed();
    expect(verdict(log, planned)).toContain("not every input");
    if (input === undefined) throw new Error("no input");
    expect(verdict(log, say("input.pinned", { input: { ...input, treeDigest: sampleDigest(99) } }))).toContain(
      "another tree",
    );
    write(log, pinned);
    expect(verdict(log, pinned)).toContain("pinned already");
    write(log, planned);
    expect(verdict(log, planned)).toContain("planned already");
  });

  test("a plan without exactly one publication, or with a name twice, is void", () => {
    const log = write(claimed(), pinned);
    const work = { taskId: "t001", kind: "TASK_KIND_WORK", item: 0 } as const;
    const publish = { taskId: "publish", kind: "TASK_KIND_PUBLISH", item: undefined } as const;
    expect(verdict(log, say("run.planned", { tasks: [work] }))).toContain("publishes exactly once");
    expect(verdict(log, say("run.planned", { tasks: [work, publish, { ...publish, taskId: "p2" }] }))).toContain(
      "publishes",
    );
    expect(verdict(log, say("run.planned", { tasks: [work, work, publish] }))).toContain("twice");
    expect(verdict(log, say("run.planned", { tasks: [{ ...work, taskId: "../x" }, publish] }))).toContain("malformed");
    expect(verdict(log, say("run.planned", { tasks: [publish] }))).toContain("without work");
  });

  test("join waits for all work, publication for the join, completion for publication", () => {
    const log = write(ready(), dispatch("t001"), complete("t001"), dispatch("t002"));
    expect(verdict(log, dispatch("join"))).toContain("t002 has not completed");
    write(log, complete("t002"));
    expect(verdict(log, dispatch("publish"))).toContain("join has not completed");
    write(log, dispatch("join"), complete("join"), dispatch("publish"));
    expect(verdict(log, say("run.completed", { result: sampleResult("publish") }))).toContain("publish is dispatched");
    write(log, complete("publish"));
    expect(verdict(log, dispatch("publish", 2))).toContain("publish is completed");
    write(log, say("run.completed", { result: sampleResult("publish") }));
    expect(log.state).toMatchObject({ status: "completed", usage: { inputTokens: 4_000, modelCalls: 4 } });
  });

  test("a task is tried again only after a failure that may pass, with the next attempt", () => {
    const log = write(ready(), dispatch("t001"));
    expect(verdict(log, dispatch("t001", 2))).toContain("t001 is dispatched");
    write(log, fail("t001", true));
    expect(verdict(log, dispatch("t001", 3))).toContain("attempt 3");
    write(log, dispatch("t001", 2), fail("t001", false));
    expect(verdict(log, dispatch("t001", 3))).toContain("failed for good");
    expect(log.state.tasks.get("t001")?.usage.inputTokens).toBe(2_000);
    expect(verdict(log, complete("t002"))).toContain("t002 is planned");
  });

  test("it ends only when no task can act any more, and as cancelled only if somebody asked", () => {
    const log = write(ready(), dispatch("t001"));
    expect(verdict(log, say("run.failed", { failure: sampleFailure(false), usage: undefined }))).toContain("in flight");
    expect(verdict(log, say("run.cancelled", { reason: "", principal: "" }))).toContain("in flight");
    write(log, fail("t001", false));
    expect(verdict(log, say("run.cancelled", { reason: "", principal: "" }))).toContain("nobody asked");
    write(log, cancel);
    expect(verdict(log, cancel)).toContain("accepted before");
    expect(verdict(log, dispatch("t002"))).toContain("being cancelled");
    write(log, say("run.cancelled", { reason: "enough", principal: "bob" }));
    expect(log.state).toMatchObject({ status: "cancelled", cancelled: { reason: "enough" } });
  });
});

describe("a task's log", () => {
  const started = say("task.started", { taskId: "t001", itemPath: "a.txt" });
  const attach = (sandboxId: string, snapshotDigest = "") =>
    say("sandbox.attached", { sandboxId, tier: "namespace", snapshotDigest, readyMs: 5 });
  const ask = (turn: number, callId = `call-${turn}`) =>
    say("model.requested", { callId, turn, model: "m", request: undefined });
  const answer = (turn: number) =>
    say("model.responded", {
      callId: `call-${turn}`,
      responseId: "",
      response: undefined,
      usage: { ...sampleUsage, modelCalls: 7, toolCalls: 9 },
      durationMs: 1,
      sends: 1,
    });
  const decide = (step: number, decision: "DECISION_ALLOW" | "DECISION_DENY" = "DECISION_ALLOW") =>
    say("policy.decided", { step, principal: "", action: "", resource: "", decision, policies: [], reason: "" });
  const start = (step: number, attempt = 1) =>
    say("step.started", { step, toolCallId: "", tool: "exec_command", arguments: undefined, attempt, execId: "" });
  const commit = (step: number, snapshotDigest: string) =>
    say("step.committed", {
      step,
      exitCode: 0,
      output: undefined,
      snapshotDigest,
      durationMs: 1,
      written: [],
      removed: [],
      limit: "",
    });
  const [s1, s2] = [sampleDigest(1), sampleDigest(2)];
  const completed = say("run.completed", { result: sampleResult("t001") });
  const fresh = (kind: "TASK_KIND_WORK" | "TASK_KIND_PUBLISH" = "TASK_KIND_WORK") => {
    const log = new MemoryLog(sampleTask({ taskId: "t001", attempt: 1 }));
    log.submit(taskSubmitted({ kind }));
    log.claim("w");
    return log;
  };
  const asked = () => write(fresh(), started, attach("sb1"), ask(1), answer(1));

  test("it begins with its own task, and its attempt is part of its name", () => {
    const log = new MemoryLog(sampleTask({ taskId: "t001", attempt: 2 }));
    expect(log.key.task).toBe("t001-a2");
    expect(log.submit(taskSubmitted()).valid).toBe(false);
    expect(log.submit(runSubmitted()).valid).toBe(false);
    expect(log.submit(taskSubmitted({ attempt: 2 })).valid).toBe(true);
  });

  test("a step comes from a recorded answer, one at a time, in order", () => {
    const log = write(fresh(), started, attach("sb1"), ask(1));
    expect(verdict(log, decide(1))).toContain("no recorded answer");
    expect(verdict(log, ask(2))).toContain("turn 1 is open");
    write(log, answer(1));
    expect(verdict(log, answer(1))).toContain("no turn is open");
    expect(verdict(log, decide(2))).toContain("step 2 after 0");
    write(log, decide(1));
    expect(verdict(log, decide(2))).toContain("step 1 is open");
    expect(verdict(log, commit(1, s1))).toContain("has not started");
    expect(verdict(log, start(2))).toContain("step 2 is not open");
    write(log, start(1));
    expect(verdict(log, ask(2))).toContain("a step is open");
    expect(verdict(log, completed)).toContain("a step is open");
    write(log, commit(1, s1));
    expect(verdict(log, commit(1, s1))).toContain("not open");
    expect(verdict(log, ask(2, "call-1"))).toContain("used before");
    expect(log.state).toMatchObject({ snapshot: s1, usage: { modelCalls: 1, toolCalls: 1, inputTokens: 1_000 } });
  });

  test("a denied step changes nothing and never starts", () => {
    const log = write(asked(), decide(1, "DECISION_DENY"));
    expect(verdict(log, start(1))).toContain("denied");
    expect(verdict(log, commit(1, s1))).toContain("changed the workspace");
    write(log, commit(1, ""));
  });

  test("committed_step_exclusivity: an open step runs again only in another sandbox, restored to the last commit", () => {
    const log = write(asked(), decide(1), start(1), commit(1, s1), decide(2), start(2));
    expect(verdict(log, start(2, 2))).toContain("is not lost");
    expect(verdict(log, say("sandbox.released", { sandboxId: "sb1" }))).toContain("a step is open");
    write(log, say("sandbox.lost", { sandboxId: "sb1", reason: "killed" }));
    expect(verdict(log, commit(2, s2))).toContain("not attached");
    expect(verdict(log, start(2, 2))).toContain("no sandbox");
    expect(verdict(log, attach("sb2", s2))).toContain("another snapshot");
    write(log, attach("sb2", s1));
    expect(verdict(log, start(1, 2))).toContain("not open");
    expect(verdict(log, start(2, 3))).toContain("attempt 3");
    expect(verdict(log, commit(2, s2))).toContain("not attached");
    write(log, start(2, 2));
    expect(verdict(log, commit(2, ""))).toContain("forget the workspace");
    write(log, commit(2, s2));
    expect(log.state).toMatchObject({ sandboxesLost: 1, snapshot: s2 });
  });

  test("it completes with no turn or step open, and no sandbox left behind", () => {
    const log = write(asked(), ask(2));
    expect(verdict(log, completed)).toContain("turn 2 is open");
    write(log, answer(2));
    expect(verdict(log, completed)).toContain("sb1 is attached");
    expect(verdict(log, say("sandbox.released", { sandboxId: "other" }))).toContain("not attached");
    write(log, say("sandbox.released", { sandboxId: "sb1" }));
    expect(verdict(log, say("run.completed", { result: sampleResult("t002") }))).toContain("another task");
    write(log, completed);
    expect(log.state.status).toBe("completed");
  });

  test("a publishing task has no agent, and publishes each output once", () => {
    const publish = (name: string) =>
      say("output.published", {
        output: { name, location: "file:/x", files: [], labels: [] },
        commitLocation: "",
        commitDigest: "",
      });
    const log = fresh("TASK_KIND_PUBLISH");
    expect(verdict(log, publish("a"))).toContain("not started");
    write(log, started, publish("a"), publish("b"));
    expect(verdict(log, publish("a"))).toContain("published already");
    expect(verdict(log, attach("sb1"))).toContain("no agent");
    expect(verdict(write(fresh(), started), publish("a"))).toContain("only a publishing task");
  });

  test("owners that die each time are counted until something lasts", () => {
    const log = fresh();
    log.claim("w2");
    log.claim("w3");
    write(log, started);
    expect(log.state.claimsWithoutProgress).toBe(3);
    write(log, attach("sb1"), ask(1), answer(1));
    expect(log.state.claimsWithoutProgress).toBe(0);
  });
});
