import type { RunProgress, TaskProgress } from "../progress/run-progress.ts";
import type { Paint } from "./paint.ts";
import { count, counted, duration } from "./quantity.ts";
import { taskSubject } from "./task-name.ts";
import { columns, padEnd, printable, shorten, shortenStart } from "./text.ts";

export interface ViewSize {
  readonly width: number;
  /** Lines that the view may take. */
  readonly height: number;
}

/**
 * A run while it goes on, as lines for a terminal: tasks at work first, then what ended last, as far as the height
 * allows; what does not fit is counted. `now` is milliseconds since the epoch.
 */
export function liveView(runId: string, run: RunProgress, now: number, size: ViewSize, paint: Paint): string[] {
  const tasks = [...run.tasks.values()];
  const ended = tasks.filter((t) => t.status === "completed" || t.status === "failed");
  const active = tasks.filter((t) => t.status === "running");
  const waiting = tasks.filter((t) => t.status === "waiting");
  const room = Math.max(1, size.height - 3);
  const shown = [...latest(ended, room - active.length), ...active].slice(0, room);
  const hidden = ended.length + active.length - shown.length;
  const rest = [
    hidden > 0 ? `${counted(hidden, "task")} not shown` : "",
    waiting.length > 0 ? `${count(waiting.length)} waiting` : "",
    run.tasks.size === 0 ? "planning" : "",
  ].filter((part) => part !== "");
  return [
    heading(runId, run, now, size.width, paint),
    ...shown.map((task) => taskLine(task, now, size.width, paint)),
    ...(rest.length > 0 ? [paint.faint(`  ${rest.join(", ")}`)] : []),
  ];
}

const latest = (tasks: readonly TaskProgress[], n: number): readonly TaskProgress[] =>
  n <= 0 ? [] : tasks.toSorted((a, b) => a.endedAt.localeCompare(b.endedAt)).slice(-n);

function heading(runId: string, run: RunProgress, now: number, width: number, paint: Paint): string {
  const tasks = [...run.tasks.values()];
  const done = tasks.filter((t) => t.status === "completed").length;
  const tokens = tasks.reduce((sum, t) => sum + t.usage.inputTokens + t.usage.outputTokens, 0);
  const facts = [
    `${count(done)} of ${counted(tasks.length, "task")}`,
    `${count(tokens)} tokens`,
    run.submittedAt === "" ? "" : duration(now - Date.parse(run.submittedAt)),
  ].filter((fact) => fact !== "");
  const left = `${printable(run.manifestName) || "run"} ${runId}`;
  const right = facts.join("  ");
  return `${paint.strong(shorten(left, Math.max(10, width - columns(right) - 2)))}  ${paint.faint(right)}`;
}

function taskLine(task: TaskProgress, now: number, width: number, paint: Paint): string {
  const subject = taskSubject(task.kind, task.itemPath);
  const name = padEnd(shortenStart(subject, 32), Math.min(32, Math.floor(width / 3)));
  const prefix = `${padEnd(task.taskId, 7)} ${name}  `;
  const state = shorten(stateOf(task, now), Math.max(4, width - columns(prefix) - 4));
  const mark = { waiting: " ", running: "▸", completed: paint.good("✓"), failed: paint.bad("✗") }[task.status];
  return `  ${mark} ${prefix}${task.status === "running" ? state : paint.faint(state)}`;
}

function stateOf(task: TaskProgress, now: number): string {
  const steps = counted(task.steps.size, "step");
  const elapsed = task.startedAt === "" ? "" : duration((Date.parse(task.endedAt) || now) - Date.parse(task.startedAt));
  if (task.status === "failed") return `failed: ${printable(task.failure)}`;
  if (task.status === "completed") return [steps, elapsed, lost(task)].filter((part) => part !== "").join("  ");
  if (task.sandboxMissing) return "sandbox lost; restoring the last checkpoint in a new one";
  const doing = task.doing === "" ? "model answers" : task.doing;
  return [`step ${task.doing === "" ? task.steps.size + 1 : task.steps.size}`, lost(task), doing]
    .filter((part) => part !== "")
    .join("  ");
}

const lost = (task: TaskProgress): string =>
  task.sandboxesLost === 0 ? "" : `resumed after ${counted(task.sandboxesLost, "lost sandbox", "lost sandboxes")}`;
