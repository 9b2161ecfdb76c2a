import type { events } from "@cofferdam/contracts";
import { type LogEvent, type RunState, taskLogId, type TaskView } from "@cofferdam/run-log";
import { carveBudget } from "./budget.ts";
import type { Intent } from "./intent.ts";

/** Identifier of the log of a task's present attempt. */
export const logOf = (task: TaskView): string => taskLogId(task.taskId, task.attempt);

/** Follows from the run's log alone, so that whoever begins a task's log begins it with the same event. */
export function beginTask(state: RunState, submitted: events.RunSubmitted, task: TaskView): Intent {
  const { plan } = submitted;
  const spec: events.TaskSpec = {
    taskId: task.taskId,
    kind: task.kind,
    item: task.item,
    upstream: upstreamOf(state, task),
    budget: plan === undefined ? undefined : carveBudget(plan, task),
    attempt: task.attempt,
  };
  return { kind: "begin-task", log: logOf(task), submitted: { ...submitted, plan: undefined, task: spec } };
}

/** Join builds on all work, publish on join or, without it, on all work. In the order of the plan, hence of the items. */
function upstreamOf(state: RunState, task: TaskView): events.TaskResult[] {
  const all = [...state.tasks.values()];
  const source =
    task.kind === "TASK_KIND_PUBLISH" && all.some((t) => t.kind === "TASK_KIND_JOIN")
      ? "TASK_KIND_JOIN"
      : "TASK_KIND_WORK";
  if (task.kind === "TASK_KIND_WORK") return [];
  return all.filter((t) => t.kind === source).flatMap((t) => (t.result === undefined ? [] : [t.result]));
}

export function completedTask(task: TaskView, log: RunState): LogEvent {
  const result: events.TaskResult = {
    outputsTreeDigest: "",
    steps: log.steps.length,
    summary: "",
    itemPath: log.started?.itemPath ?? "",
    published: [],
    snapshotDigest: log.snapshot,
    ...log.result,
    taskId: task.taskId,
    usage: log.usage,
  };
  return { type: "task.completed", data: { result, logDigest: log.head.digest } };
}

export function failedTask(task: TaskView, log: RunState): LogEvent {
  const failure: events.Failure = log.failure ?? {
    reason: "CANCELLED",
    message: log.cancelled?.reason ?? "",
    retryable: false,
  };
  return {
    type: "task.failed",
    data: { taskId: task.taskId, failure, usage: log.usage, logDigest: log.head.digest },
  };
}

/** What the run came to: the outputs of its publication, the words of its last agent, the sum of what was spent. */
export function runResult(state: RunState): events.TaskResult {
  const resultsOf = (kind: events.TaskKind) =>
    [...state.tasks.values()].flatMap((task) => (task.kind === kind && task.result !== undefined ? [task.result] : []));
  const [publish] = resultsOf("TASK_KIND_PUBLISH");
  const [join] = resultsOf("TASK_KIND_JOIN");
  const work = resultsOf("TASK_KIND_WORK");
  const voice = join ?? (work.length === 1 ? work[0] : undefined);
  return {
    taskId: publish?.taskId ?? "",
    outputsTreeDigest: publish?.outputsTreeDigest ?? "",
    usage: state.usage,
    steps: [...work, ...(join === undefined ? [] : [join])].reduce((sum, result) => sum + result.steps, 0),
    summary: voice?.summary ?? "",
    itemPath: "",
    published: publish?.published ?? [],
    snapshotDigest: voice?.snapshotDigest ?? "",
  };
}
