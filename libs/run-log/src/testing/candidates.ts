import type { LogEvent } from "../event-types.ts";
import type { RunState } from "../state.ts";
import { sampleDigest, sampleFailure, sampleResult, sampleUsage } from "./samples.ts";

/** A source of random choices: an integer from 0 up to, not including, `below`. */
export type Choose = (below: number) => number;

/**
 * Something that an owner might want to say next. Most of it fits the state, some of it does not: which is for the fold
 * to tell.
 */
export function candidate(state: RunState, choose: Choose): LogEvent {
  const all = state.key.task === undefined ? runCandidates(state, choose) : taskCandidates(state, choose);
  const picked = all[choose(all.length)];
  if (picked === undefined) throw new RangeError("no candidate");
  return picked;
}

function runCandidates(state: RunState, choose: Choose): LogEvent[] {
  const tasks = [...state.tasks.values()];
  const task = tasks[choose(Math.max(1, tasks.length))];
  const id = task?.taskId ?? "t001";
  const list: LogEvent[] = [
    {
      type: "command.accepted",
      data: { commandId: `c${choose(9)}`, command: choose(6) === 0 ? "cancel" : "x", principal: "bob" },
    },
    { type: "run.cancelled", data: { reason: "enough", principal: "bob" } },
    { type: "run.completed", data: { result: sampleResult("publish") } },
    { type: "task.started", data: { taskId: id, itemPath: "" } },
  ];
  for (const input of state.submitted?.inputs ?? []) list.push({ type: "input.pinned", data: { input } });
  list.push({
    type: "run.planned",
    data: {
      tasks: [
        { taskId: "t001", kind: "TASK_KIND_WORK", item: 0 },
        { taskId: "t002", kind: "TASK_KIND_WORK", item: 1 },
        { taskId: "join", kind: "TASK_KIND_JOIN", item: undefined },
        { taskId: "publish", kind: "TASK_KIND_PUBLISH", item: undefined },
      ],
    },
  });
  for (const { taskId, kind, attempt } of tasks) {
    list.push(
      { type: "task.dispatched", data: { taskId, kind, attempt: attempt + 1 } },
      { type: "task.completed", data: { result: sampleResult(taskId), logDigest: sampleDigest(5) } },
      {
        type: "task.failed",
        data: { taskId, failure: sampleFailure(choose(3) > 0), usage: sampleUsage, logDigest: sampleDigest(6) },
      },
    );
  }
  if (choose(4) === 0) list.push({ type: "run.failed", data: { failure: sampleFailure(false), usage: sampleUsage } });
  return list;
}

function taskCandidates(state: RunState, choose: Choose): LogEvent[] {
  const step = state.steps.length;
  const open = state.steps.at(-1);
  const turn = state.turns.length;
  const sandboxId = state.sandbox?.sandboxId ?? `sb${state.sandboxesLost + choose(2)}`;
  const callId = state.turns.at(-1)?.requested.callId ?? "call-1";
  const attempt = (open?.started?.attempt ?? 0) + (choose(5) === 0 ? 2 : 1);
  const list: LogEvent[] = [
    { type: "task.started", data: { taskId: state.submitted?.task?.taskId ?? "", itemPath: "records/a.txt" } },
    {
      type: "sandbox.attached",
      data: { sandboxId: `sb${state.sandboxesLost}`, tier: "namespace", snapshotDigest: state.snapshot, readyMs: 12 },
    },
    {
      type: "model.requested",
      data: {
        callId: `call-${turn + 1}`,
        turn: turn + 1,
        model: "scripted:x",
        request: { digest: sampleDigest(7), sizeBytes: 10, mediaType: "application/json" },
      },
    },
    {
      type: "model.responded",
      data: {
        callId,
        responseId: `resp-${turn}`,
        response: { digest: sampleDigest(8), sizeBytes: 10, mediaType: "application/json" },
        usage: sampleUsage,
        durationMs: 5,
        sends: 1,
      },
    },
    {
      type: "policy.decided",
      data: {
        step: step + 1,
        principal: "agent",
        action: "exec",
        resource: "workspace",
        decision: choose(4) === 0 ? "DECISION_DENY" : "DECISION_ALLOW",
        policies: ["p1"],
        reason: "",
      },
    },
    {
      type: "step.started",
      data: {
        step,
        toolCallId: `tc-${step}`,
        tool: "exec_command",
        arguments: { body: { $case: "inline", value: '{"cmd":"ls"}' } },
        attempt,
        execId: `x-${step}-${attempt}`,
      },
    },
    {
      type: "step.committed",
      data: {
        step,
        exitCode: 0,
        output: { body: { $case: "inline", value: "ok" } },
        snapshotDigest: open?.decided.decision === "DECISION_DENY" ? state.snapshot : sampleDigest(100 + step),
        durationMs: 7,
        written: ["a.txt"],
        removed: [],
        limit: "",
      },
    },
    { type: "sandbox.lost", data: { sandboxId, reason: "killed" } },
    { type: "sandbox.released", data: { sandboxId } },
    {
      type: "command.accepted",
      data: { commandId: `c${choose(9)}`, command: choose(8) === 0 ? "cancel" : "x", principal: "bob" },
    },
    { type: "run.completed", data: { result: sampleResult("t001") } },
    { type: "run.cancelled", data: { reason: "enough", principal: "bob" } },
    { type: "task.dispatched", data: { taskId: "t001", kind: "TASK_KIND_WORK", attempt: 1 } },
  ];
  if (choose(6) === 0) list.push({ type: "run.failed", data: { failure: sampleFailure(true), usage: sampleUsage } });
  return list;
}
