import type { run } from "@cofferdam/contracts";
import { addUsage, type LogEvent, noUsage, type RunState, type RunStatus, type TaskView } from "@cofferdam/run-log";

/** One valid event of a task's log with its writer's time. */
export interface TimedEvent {
  readonly event: LogEvent;
  /** Milliseconds since 1970 by the writer's clock. */
  readonly timeMs: number;
}

export interface TaskLog {
  readonly state: RunState;
  readonly history: readonly TimedEvent[];
}

const statuses: Record<RunStatus, run.RunStatus> = {
  absent: "RUN_STATUS_UNSPECIFIED",
  submitted: "RUN_STATUS_SUBMITTED",
  running: "RUN_STATUS_RUNNING",
  completed: "RUN_STATUS_COMPLETED",
  failed: "RUN_STATUS_FAILED",
  cancelled: "RUN_STATUS_CANCELLED",
};

/** The public view of a run: nothing but its logs, folded. `logs` holds the newest attempt of each task. */
export function viewRun(runId: string, root: RunState, logs: ReadonlyMap<string, TaskLog>): run.Run {
  const { submitted } = root;
  const tasks = [...root.tasks.values()].map((task) => viewTask(task, logs.get(task.taskId)));
  return {
    runId,
    team: submitted?.team ?? "",
    manifestName: submitted?.manifestName ?? "",
    model: submitted?.model ?? "",
    status: statuses[root.status],
    submittedAt: root.submittedAt,
    endedAt: ["completed", "failed", "cancelled"].includes(root.status) ? root.endedAt : "",
    tasks,
    usage: tasks.reduce((sum, task) => addUsage(sum, task.usage), noUsage),
    outputs: [...(root.result?.published ?? [])],
    failure: root.failure,
    logSequence: root.head.sequence,
    inputs: [...root.inputs],
  };
}

function viewTask(task: TaskView, log: TaskLog | undefined): run.Task {
  const state = log?.state;
  const steps = state?.steps ?? [];
  const started = steps.filter((step) => step.started !== undefined);
  const attempts = started.reduce((n, step) => n + (step.started?.attempt ?? 0), 0);
  const committed = steps.filter((step) => step.committed !== undefined).length;
  return {
    taskId: task.taskId,
    kind: task.kind,
    status: task.status === "dispatched" && state?.started !== undefined ? "running" : task.status,
    itemPath: state?.started?.itemPath ?? task.result?.itemPath ?? "",
    stepsStarted: started.length,
    stepsCommitted: committed,
    // A step that policy denied is committed and was never started; the last attempt of a step is not lost.
    stepsLost: attempts - started.length,
    usage: state?.usage ?? task.result?.usage ?? noUsage,
    summary: state?.result?.summary ?? task.result?.summary ?? task.failure?.message ?? "",
    durationMs: durationMs(log?.history ?? []),
    sandboxesLost: state?.sandboxesLost ?? 0,
    resumedMs: longestResume(log?.history ?? []),
    modelCallsResent: (state?.turns ?? []).filter(({ responded }) => (responded?.sends ?? 0) > 1).length,
    epoch: state?.head.epoch ?? 0,
  };
}

const durationMs = (history: readonly TimedEvent[]): number => {
  const first = history.find(({ event }) => event.type === "task.started") ?? history[0];
  return Math.max(0, (history.at(-1)?.timeMs ?? 0) - (first?.timeMs ?? 0));
};

/** From each loss of a sandbox to the next command that started; the longest. */
export function longestResume(history: readonly TimedEvent[]): number {
  let lostAt: number | undefined;
  let longest = 0;
  for (const { event, timeMs } of history) {
    if (event.type === "sandbox.lost") lostAt ??= timeMs;
    if (event.type === "step.started" && lostAt !== undefined) {
      longest = Math.max(longest, timeMs - lostAt);
      lostAt = undefined;
    }
  }
  return longest;
}
