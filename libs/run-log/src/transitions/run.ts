import type { events } from "@cofferdam/contracts";
import type { LogEvent } from "../event-types.ts";
import { TaskId } from "../log-key.ts";
import type { RunState, TaskView } from "../state.ts";
import { acceptCommand, cancelRun } from "./commands.ts";
import type { Transition } from "./apply.ts";
import { addUsage, noUsage } from "./usage.ts";

/** What may happen in the log of a run, whose owner is a planner. */
export function applyRunEvent(state: RunState, event: LogEvent): Transition {
  switch (event.type) {
    case "input.pinned":
      return pinInput(state, event.data);
    case "run.planned":
      return plan(state, event.data);
    case "task.dispatched":
      return dispatch(state, event.data);
    case "task.completed":
      return completeTask(state, event.data);
    case "task.failed":
      return failTask(state, event.data);
    case "command.accepted":
      return acceptCommand(state, event.data);
    case "run.completed":
      return completeRun(state, event.data);
    case "run.failed":
      if (event.data.failure === undefined) return "a failure without a reason";
      return inFlight(state) ?? { ...state, status: "failed", failure: event.data.failure };
    case "run.cancelled":
      return inFlight(state) ?? cancelRun(state, event.data);
    default:
      return "no event of a run's log";
  }
}

function pinInput(state: RunState, { input }: events.InputPinned): Transition {
  if (state.planned !== undefined) return "the run is planned already";
  const submitted = state.submitted?.inputs.find((i) => i.name === input?.name);
  if (input === undefined || submitted === undefined) return "no input of the run";
  if (submitted.treeDigest !== input.treeDigest) return `input ${input.name} was submitted with another tree`;
  if (state.inputs.some((i) => i.name === input.name)) return `input ${input.name} is pinned already`;
  return { ...state, inputs: [...state.inputs, input] };
}

function plan(state: RunState, { tasks }: events.RunPlanned): Transition {
  if (state.planned !== undefined) return "the run is planned already";
  if (state.inputs.length !== state.submitted?.inputs.length) return "not every input is pinned";
  const views = new Map<string, TaskView>();
  for (const { taskId, kind, item } of tasks) {
    if (views.has(taskId)) return `task ${taskId} is planned twice`;
    if (!isTaskId(taskId)) return `task id ${JSON.stringify(taskId)} is malformed`;
    if (stage(kind) === undefined) return `task ${taskId} has no kind`;
    views.set(taskId, {
      taskId,
      kind,
      item,
      status: "planned",
      attempt: 0,
      result: undefined,
      failure: undefined,
      usage: noUsage,
    });
  }
  if (tasks.filter((t) => t.kind === "TASK_KIND_PUBLISH").length !== 1) return "a plan publishes exactly once";
  if (tasks.filter((t) => t.kind === "TASK_KIND_JOIN").length > 1) return "a plan joins at most once";
  if (!tasks.some((t) => t.kind === "TASK_KIND_WORK")) return "a plan without work";
  return { ...state, planned: tasks, tasks: views };
}

function isTaskId(text: string): boolean {
  try {
    return TaskId(text) === text;
  } catch {
    return false;
  }
}

/** Work comes first, then join, then publish; each waits for all of the one before. */
function stage(kind: events.TaskKind): number | undefined {
  const at = ["TASK_KIND_WORK", "TASK_KIND_JOIN", "TASK_KIND_PUBLISH"].indexOf(kind);
  return at < 0 ? undefined : at;
}

function dispatch(state: RunState, { taskId, kind, attempt }: events.TaskDispatched): Transition {
  const task = state.tasks.get(taskId);
  if (task === undefined) return `task ${taskId} is not planned`;
  if (task.kind !== kind) return `task ${taskId} is of another kind`;
  if (task.status !== "planned" && task.status !== "failed") return `task ${taskId} is ${task.status}`;
  if (task.failure?.retryable === false) return `task ${taskId} failed for good`;
  if (attempt !== task.attempt + 1) return `attempt ${attempt} of task ${taskId} after ${task.attempt}`;
  if (state.cancel !== undefined) return "the run is being cancelled";
  const own = stage(kind) ?? 0;
  for (const other of state.tasks.values()) {
    if ((stage(other.kind) ?? 0) < own && other.status !== "completed") return `task ${other.taskId} has not completed`;
  }
  return withTask(state, { ...task, status: "dispatched", attempt, failure: undefined });
}

function completeTask(state: RunState, { result }: events.TaskCompleted): Transition {
  const task = state.tasks.get(result?.taskId ?? "");
  if (result === undefined || task === undefined) return "no planned task";
  if (task.status !== "dispatched") return `task ${task.taskId} is ${task.status}`;
  const usage = addUsage(task.usage, result.usage);
  return {
    ...withTask(state, { ...task, status: "completed", result, usage }),
    usage: addUsage(state.usage, result.usage),
  };
}

function failTask(state: RunState, { taskId, failure, usage }: events.TaskFailed): Transition {
  const task = state.tasks.get(taskId);
  if (task === undefined) return `task ${taskId} is not planned`;
  if (task.status !== "dispatched") return `task ${taskId} is ${task.status}`;
  if (failure === undefined) return "a failure without a reason";
  return {
    ...withTask(state, { ...task, status: "failed", failure, usage: addUsage(task.usage, usage) }),
    usage: addUsage(state.usage, usage),
  };
}

function completeRun(state: RunState, { result }: events.RunCompleted): Transition {
  if (state.planned === undefined) return "the run is not planned";
  for (const task of state.tasks.values()) {
    if (task.status !== "completed") return `task ${task.taskId} is ${task.status}`;
  }
  if (state.cancel !== undefined) return "the run is being cancelled";
  if (result === undefined) return "no result";
  return { ...state, status: "completed", result };
}

/** A run ends only when none of its tasks can act any more. */
function inFlight(state: RunState): string | undefined {
  for (const task of state.tasks.values()) if (task.status === "dispatched") return `task ${task.taskId} is in flight`;
  return undefined;
}

const withTask = (state: RunState, task: TaskView): RunState => ({
  ...state,
  tasks: new Map(state.tasks).set(task.taskId, task),
});
