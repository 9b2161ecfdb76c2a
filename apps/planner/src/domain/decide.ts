import type { events } from "@cofferdam/contracts";
import { type InboxMessage, isTerminal, type LogEvent, type RunState, type TaskView } from "@cofferdam/run-log";
import { carveBudget } from "./budget.ts";
import { append, type Intent } from "./intent.ts";
import { planTasks } from "./plan-tasks.ts";
import { beginTask, completedTask, failedTask, logOf, runResult } from "./task-events.ts";

/**
 * What to do next for a run, from nothing but its log, the logs of its tasks in flight (by log identifier) and its inbox.
 * Pure: the same answer for every planner, and an empty one when the run waits for others or has ended.
 *
 * After appends and begun tasks the caller asks again with the new states.
 */
export function decide(
  state: RunState,
  taskLogs: ReadonlyMap<string, RunState>,
  inbox: readonly InboxMessage[],
): readonly Intent[] {
  const { submitted } = state;
  if (submitted?.plan === undefined || isTerminal(state)) return [];
  const commands = newCommands(state, inbox);
  if (commands.length > 0) return [append(...commands)];
  if (state.planned === undefined)
    return [state.cancel === undefined ? planRun(state, submitted) : cancelled(state, inbox)];
  const ended = endedTasks(state, taskLogs);
  if (ended.length > 0) return [append(...ended)];
  return [...missingTasks(state, submitted, taskLogs), ...advance(state, submitted.plan, inbox)];
}

function newCommands(state: RunState, inbox: readonly InboxMessage[]): LogEvent[] {
  return inbox
    .filter((message) => !state.accepted.has(message.id))
    .map(({ id, command, principal }) => ({
      type: "command.accepted",
      data: { commandId: id, command, principal },
    }));
}

function planRun(state: RunState, submitted: events.RunSubmitted): Intent {
  const pinned = new Set(state.inputs.map((input) => input.name));
  const inputs = submitted.inputs
    .filter((input) => !pinned.has(input.name))
    .map((input): LogEvent => ({ type: "input.pinned", data: { input } }));
  const tasks = submitted.plan === undefined ? [] : planTasks(submitted.plan);
  if (tasks.length > 0) return append(...inputs, { type: "run.planned", data: { tasks } });
  const failure = {
    reason: "NOTHING_TO_DO",
    message: `input ${submitted.plan?.fanOutInput} has no file to work on`,
    retryable: false,
  };
  return append({ type: "run.failed", data: { failure, usage: state.usage } });
}

const inFlight = (state: RunState): TaskView[] => [...state.tasks.values()].filter((t) => t.status === "dispatched");

/** The run's log takes over what the logs of its tasks say of their end. */
function endedTasks(state: RunState, taskLogs: ReadonlyMap<string, RunState>): LogEvent[] {
  return inFlight(state).flatMap((task) => {
    const log = taskLogs.get(logOf(task));
    if (log === undefined || !isTerminal(log)) return [];
    return [log.status === "completed" ? completedTask(task, log) : failedTask(task, log)];
  });
}

/** A dispatch is an intent; a planner that died after it left a task without a log. */
function missingTasks(
  state: RunState,
  submitted: events.RunSubmitted,
  taskLogs: ReadonlyMap<string, RunState>,
): Intent[] {
  return inFlight(state)
    .filter((task) => (taskLogs.get(logOf(task))?.status ?? "absent") === "absent")
    .map((task) => beginTask(state, submitted, task));
}

function advance(state: RunState, plan: events.RunPlan, inbox: readonly InboxMessage[]): Intent[] {
  const running = inFlight(state);
  if (state.cancel !== undefined) {
    return running.length > 0 ? tellToCancel(state, running, inbox) : [cancelled(state, inbox)];
  }
  const failed = [...state.tasks.values()].find((task) => isLost(task, plan));
  if (failed !== undefined) return running.length > 0 ? [] : [failRun(state, failed)];
  if ([...state.tasks.values()].every((task) => task.status === "completed")) {
    return [append({ type: "run.completed", data: { result: runResult(state) } })];
  }
  const free = Math.max(1, plan.maxParallel) - running.length;
  const next = dispatchable(state).slice(0, Math.max(0, free));
  return next.length === 0 ? [] : [append(...next.map(dispatched))];
}

/** Whether a task has failed and will not be tried again. */
function isLost(task: TaskView, plan: events.RunPlan): boolean {
  if (task.status !== "failed") return false;
  const mayRetry = task.failure?.retryable === true && task.attempt < Math.max(1, plan.maxAttempts);
  return !mayRetry || carveBudget(plan, task) === undefined;
}

/** Tasks of the earliest stage that is not complete, in the order of the plan. */
function dispatchable(state: RunState): TaskView[] {
  const [first] = [...state.tasks.values()].filter((task) => task.status !== "completed");
  return [...state.tasks.values()].filter(
    (task) => task.kind === first?.kind && (task.status === "planned" || task.status === "failed"),
  );
}

const dispatched = (task: TaskView): LogEvent => ({
  type: "task.dispatched",
  data: { taskId: task.taskId, kind: task.kind, attempt: task.attempt + 1 },
});

const cancelOf = (state: RunState, inbox: readonly InboxMessage[]): InboxMessage => ({
  id: state.cancel?.commandId ?? "",
  command: "cancel",
  principal: state.cancel?.principal ?? "",
  reason: inbox.find((message) => message.id === state.cancel?.commandId)?.reason ?? "",
});

/** The workers that own the tasks end them; the run ends when they have. */
function tellToCancel(state: RunState, tasks: readonly TaskView[], inbox: readonly InboxMessage[]): Intent[] {
  return tasks.map((task) => ({ kind: "tell-task", log: logOf(task), message: cancelOf(state, inbox) }));
}

function cancelled(state: RunState, inbox: readonly InboxMessage[]): Intent {
  const { reason, principal } = cancelOf(state, inbox);
  return append({ type: "run.cancelled", data: { reason, principal } });
}

function failRun(state: RunState, task: TaskView): Intent {
  const { reason = "UNKNOWN", message = "" } = task.failure ?? {};
  const failure = { reason, message: `task ${task.taskId}: ${message}`, retryable: false };
  return append({ type: "run.failed", data: { failure, usage: state.usage } });
}
