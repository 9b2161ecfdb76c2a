import { events } from "@cofferdam/contracts";
import type { WatchedEvent } from "@cofferdam/client";
import { addUsage } from "@cofferdam/run-log";
import { describeToolCall } from "./tool-call.ts";

/** How often a step was begun and committed, by the log. */
export interface StepCount {
  readonly starts: number;
  readonly commits: number;
}

export type TaskStatus = "waiting" | "running" | "completed" | "failed";

/** What people who wait want to know of a task. */
export interface TaskProgress {
  readonly taskId: string;
  readonly kind: events.TaskKind;
  readonly attempt: number;
  readonly itemPath: string;
  readonly status: TaskStatus;
  /** What it does now: a command, or nothing while the model answers. */
  readonly doing: string;
  readonly steps: ReadonlyMap<number, StepCount>;
  readonly sandboxesLost: number;
  /** Set while a lost sandbox has not been replaced. */
  readonly sandboxMissing: boolean;
  readonly usage: events.Usage;
  /** RFC 3339; empty before. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly summary: string;
  readonly failure: string;
}

/** A run as its events tell it so far. Only for display: decisions are made on the fold of libs/run-log. */
export interface RunProgress {
  readonly status: "submitted" | "running" | "completed" | "failed" | "cancelled";
  readonly manifestName: string;
  readonly model: string;
  readonly submittedAt: string;
  readonly endedAt: string;
  readonly failure: string;
  readonly tasks: ReadonlyMap<string, TaskProgress>;
}

export const noProgress: RunProgress = {
  status: "submitted",
  manifestName: "",
  model: "",
  submittedAt: "",
  endedAt: "",
  failure: "",
  tasks: new Map(),
};

/** One more valid event of the run's log or of one of its tasks' logs. */
export function advance(run: RunProgress, event: WatchedEvent): RunProgress {
  return event.taskId === undefined
    ? advanceRun(run, event)
    : withTask(run, taskOfLog(event.taskId), (task) => advanceTask(task, event));
}

/** The second and later attempts of task `t001` are logged as `t001-a2` and so on. */
const taskOfLog = (log: string): string => log.replace(/-a\d+$/, "");

const nothingUsed: events.Usage = events.Usage.fromJSON({});

const newTask = (taskId: string): TaskProgress => ({
  taskId,
  kind: "TASK_KIND_UNSPECIFIED",
  attempt: 1,
  itemPath: "",
  status: "waiting",
  doing: "",
  steps: new Map(),
  sandboxesLost: 0,
  sandboxMissing: false,
  usage: nothingUsed,
  startedAt: "",
  endedAt: "",
  summary: "",
  failure: "",
});

function withTask(run: RunProgress, id: string, change: (task: TaskProgress) => TaskProgress): RunProgress {
  return { ...run, tasks: new Map(run.tasks).set(id, change(run.tasks.get(id) ?? newTask(id))) };
}

function advanceRun(run: RunProgress, event: WatchedEvent): RunProgress {
  switch (event.type) {
    case "run.submitted":
      return {
        ...run,
        manifestName: event.data.manifestName,
        model: event.data.model,
        submittedAt: event.envelope.time,
      };
    case "run.planned":
      return event.data.tasks.reduce<RunProgress>(
        (next, { taskId, kind }) => withTask(next, taskId, (task) => ({ ...task, kind })),
        { ...run, status: "running" },
      );
    case "task.dispatched":
      return withTask(run, event.data.taskId, (task) => dispatched(task, event.data));
    case "task.completed": {
      const { result } = event.data;
      if (result === undefined) return run;
      const { summary, itemPath } = result;
      return withTask(run, result.taskId, (task) => ({
        ...task,
        status: "completed",
        doing: "",
        summary,
        itemPath: itemPath || task.itemPath,
        endedAt: task.endedAt || event.envelope.time,
      }));
    }
    case "task.failed": {
      const failure = event.data.failure?.message ?? "";
      return withTask(run, event.data.taskId, (task) => ({ ...task, status: "failed", doing: "", failure }));
    }
    case "run.completed":
      return { ...run, status: "completed", endedAt: event.envelope.time };
    case "run.failed":
      return { ...run, status: "failed", endedAt: event.envelope.time, failure: event.data.failure?.message ?? "" };
    case "run.cancelled":
      return { ...run, status: "cancelled", endedAt: event.envelope.time, failure: event.data.reason };
    default:
      return run;
  }
}

/** A new attempt begins anew: its steps are other steps than those of the attempt that failed. */
function dispatched(task: TaskProgress, { kind, attempt }: events.TaskDispatched): TaskProgress {
  return attempt > 1 ? { ...newTask(task.taskId), itemPath: task.itemPath, kind, attempt } : { ...task, kind, attempt };
}

function advanceTask(task: TaskProgress, event: WatchedEvent): TaskProgress {
  switch (event.type) {
    case "task.started":
      return {
        ...task,
        status: "running",
        itemPath: event.data.itemPath,
        startedAt: task.startedAt || event.envelope.time,
      };
    case "sandbox.attached":
      return { ...task, sandboxMissing: false };
    case "sandbox.lost":
      return { ...task, sandboxesLost: task.sandboxesLost + 1, sandboxMissing: true, doing: "" };
    case "model.responded":
      return { ...task, usage: addUsage(task.usage, event.data.usage) };
    case "step.started": {
      const { step, tool } = event.data;
      const doing = describeToolCall(tool, event.data.arguments);
      return { ...task, doing, steps: counted(task.steps, step, { starts: 1, commits: 0 }) };
    }
    case "step.committed":
      return { ...task, doing: "", steps: counted(task.steps, event.data.step, { starts: 0, commits: 1 }) };
    case "run.completed":
      return { ...task, doing: "", endedAt: event.envelope.time, summary: event.data.result?.summary ?? "" };
    case "run.failed":
      return { ...task, doing: "", endedAt: event.envelope.time, failure: event.data.failure?.message ?? "" };
    default:
      return task;
  }
}

function counted(steps: ReadonlyMap<number, StepCount>, step: number, more: StepCount): ReadonlyMap<number, StepCount> {
  const { starts, commits } = steps.get(step) ?? { starts: 0, commits: 0 };
  return new Map(steps).set(step, { starts: starts + more.starts, commits: commits + more.commits });
}
