import type { EventData, EventType, LogEvent } from "../event-types.ts";
import { MemoryLog, sealFor } from "./memory-log.ts";
import {
  runSubmitted,
  sampleDigest,
  sampleFailure,
  sampleResult,
  sampleRun,
  sampleTask,
  sampleUsage,
  taskSubmitted,
} from "./samples.ts";

function say<T extends EventType>(log: MemoryLog, type: T, data: EventData<T>): void {
  const folded = log.append({ type, data } as unknown as LogEvent);
  if (!folded.valid) throw new Error(folded.reason);
}

/** Logs that between them hold every event type, changes of owner, and void messages of several kinds. */
export const goldenScenarios = (): Record<string, MemoryLog> => ({
  "run-completed": completedRun(),
  "run-cancelled": cancelledRun(),
  "task-with-lost-sandbox": workTask(),
  "task-failed": failedTask(),
  "task-publish": publishTask(),
});

const kinds = {
  t001: "TASK_KIND_WORK",
  t002: "TASK_KIND_WORK",
  join: "TASK_KIND_JOIN",
  publish: "TASK_KIND_PUBLISH",
} as const;

function plannedRun(): MemoryLog {
  const log = new MemoryLog(sampleRun);
  log.submit(runSubmitted());
  log.claim("planner-1");
  for (const input of runSubmitted().inputs) say(log, "input.pinned", { input });
  const tasks = Object.entries(kinds).map(([taskId, kind], i) => ({ taskId, kind, item: i < 2 ? i : undefined }));
  say(log, "run.planned", { tasks });
  return log;
}

const dispatch = (log: MemoryLog, taskId: keyof typeof kinds, attempt = 1) =>
  say(log, "task.dispatched", { taskId, kind: kinds[taskId], attempt });
const complete = (log: MemoryLog, taskId: string) =>
  say(log, "task.completed", { result: sampleResult(taskId), logDigest: sampleDigest(20) });

function completedRun(): MemoryLog {
  const log = plannedRun();
  dispatch(log, "t001");
  dispatch(log, "t002");
  const before = log.state;
  say(log, "task.failed", {
    taskId: "t001",
    failure: sampleFailure(true),
    usage: sampleUsage,
    logDigest: sampleDigest(21),
  });
  log.claim("planner-2");
  // A planner that was taken over from, one that believes to be at an older place, and nonsense.
  log.store(
    sealFor(
      log.state,
      { type: "command.accepted", data: { commandId: "z", command: "x", principal: "" } },
      before.head,
    ),
  );
  log.store(
    sealFor(before, { type: "run.claimed", data: { epoch: 2, owner: "planner-3" } }, { owner: "planner-3", epoch: 2 }),
  );
  log.store(Buffer.from("not an event"));
  dispatch(log, "t001", 2);
  complete(log, "t002");
  complete(log, "t001");
  dispatch(log, "join");
  complete(log, "join");
  dispatch(log, "publish");
  complete(log, "publish");
  say(log, "run.completed", { result: sampleResult("publish") });
  log.claim("planner-4");
  return log;
}

function cancelledRun(): MemoryLog {
  const log = plannedRun();
  dispatch(log, "t001");
  say(log, "command.accepted", { commandId: "c1", command: "cancel", principal: "bob@example.com" });
  say(log, "task.failed", {
    taskId: "t001",
    failure: { reason: "CANCELLED", message: "enough", retryable: false },
    usage: sampleUsage,
    logDigest: sampleDigest(22),
  });
  say(log, "run.cancelled", { reason: "enough", principal: "bob@example.com" });
  return log;
}

function startedTask(kind: "TASK_KIND_WORK" | "TASK_KIND_PUBLISH"): MemoryLog {
  const log = new MemoryLog(sampleTask({ taskId: "t001", attempt: 1 }));
  log.submit(taskSubmitted({ kind, budget: { tokens: 100, toolCalls: 20, wallMs: 60_000 } }), "planner-1");
  log.claim("worker-1");
  say(log, "task.started", { taskId: "t001", itemPath: "records/a.txt" });
  return log;
}

const attach = (log: MemoryLog, sandboxId: string) =>
  say(log, "sandbox.attached", { sandboxId, tier: "namespace", snapshotDigest: log.state.snapshot, readyMs: 42 });

function turn(log: MemoryLog): void {
  const n = log.state.turns.length + 1;
  const blob = (at: number) => ({ digest: sampleDigest(at), sizeBytes: 999, mediaType: "application/json" });
  say(log, "model.requested", { callId: `call-${n}`, turn: n, model: "scripted:clinical", request: blob(30 + n) });
  say(log, "model.responded", {
    callId: `call-${n}`,
    responseId: `resp-${n}`,
    response: blob(40 + n),
    usage: sampleUsage,
    durationMs: 120,
    sends: 1,
  });
}

const decide = (log: MemoryLog, decision: "DECISION_ALLOW" | "DECISION_DENY") =>
  say(log, "policy.decided", {
    step: log.state.steps.length + 1,
    principal: "agent",
    action: "exec_command",
    resource: "workspace",
    decision,
    policies: ["default"],
    reason: decision === "DECISION_DENY" ? "no network" : "",
  });

const start = (log: MemoryLog, attempt = 1) =>
  say(log, "step.started", {
    step: log.state.steps.length,
    toolCallId: `tc-${log.state.steps.length}`,
    tool: "exec_command",
    arguments: { body: { $case: "inline", value: '{"cmd":"ls — ünï\\u0000"}' } },
    attempt,
    execId: `x-${log.state.steps.length}-${attempt}`,
  });

const commit = (log: MemoryLog, snapshotDigest: string) =>
  say(log, "step.committed", {
    step: log.state.steps.length,
    exitCode: 0,
    output: {
      body: { $case: "blob", value: { digest: sampleDigest(50), sizeBytes: 20_000, mediaType: "text/plain" } },
    },
    snapshotDigest,
    durationMs: 33,
    written: ["out/a.jsonl"],
    removed: ["tmp/x"],
    limit: "",
  });

function workTask(): MemoryLog {
  const log = startedTask("TASK_KIND_WORK");
  attach(log, "sb-1");
  turn(log);
  decide(log, "DECISION_ALLOW");
  start(log);
  commit(log, sampleDigest(60));
  decide(log, "DECISION_DENY");
  commit(log, log.state.snapshot);
  turn(log);
  decide(log, "DECISION_ALLOW");
  start(log);
  const zombie = log.state;
  log.claim("worker-2");
  log.store(sealFor(zombie, { type: "sandbox.lost", data: { sandboxId: "sb-1", reason: "late" } }, zombie.head));
  say(log, "sandbox.lost", { sandboxId: "sb-1", reason: "killed" });
  attach(log, "sb-2");
  start(log, 2);
  commit(log, sampleDigest(61));
  turn(log);
  say(log, "sandbox.released", { sandboxId: "sb-2" });
  say(log, "run.completed", { result: sampleResult("t001") });
  return log;
}

function failedTask(): MemoryLog {
  const log = startedTask("TASK_KIND_WORK");
  attach(log, "sb-1");
  say(log, "run.failed", { failure: sampleFailure(true), usage: log.state.usage });
  return log;
}

function publishTask(): MemoryLog {
  const log = startedTask("TASK_KIND_PUBLISH");
  say(log, "output.published", {
    output: {
      name: "encounters",
      location: "file:///srv/results/run-1",
      files: [{ path: "encounters.jsonl", digest: sampleDigest(70), sizeBytes: 4_096 }],
      labels: ["phi"],
    },
    commitLocation: "file:///srv/results/run-1/encounters.commit.json",
    commitDigest: sampleDigest(71),
  });
  say(log, "run.completed", { result: sampleResult("t001") });
  return log;
}
