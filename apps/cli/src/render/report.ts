import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { events, run } from "@cofferdam/contracts";
import type { Paint } from "./paint.ts";
import { bytes, count, counted, duration } from "./quantity.ts";
import type { LedgerVerdict, ReportData } from "./report-data.ts";
import { type Column, table } from "./table.ts";
import { taskSubject } from "./task-name.ts";
import { printable, shortenStart } from "./text.ts";

/** The closing report of a run. */
export function report(data: ReportData, width: number, paint: Paint): string[] {
  return [
    ...headline(data.run, paint),
    "",
    ...taskTable(data.run.tasks, width),
    "",
    ...data.run.outputs.flatMap((output) => outputLines(output, paint)),
    ...(data.run.outputs.length > 0 ? [""] : []),
    ...totals(data),
    ...ledgerLines(data.ledger, paint),
  ];
}

const status: Readonly<Record<run.RunStatus, string>> = {
  RUN_STATUS_UNSPECIFIED: "unknown",
  RUN_STATUS_SUBMITTED: "submitted",
  RUN_STATUS_RUNNING: "running",
  RUN_STATUS_COMPLETED: "completed",
  RUN_STATUS_FAILED: "failed",
  RUN_STATUS_CANCELLED: "cancelled",
  UNRECOGNIZED: "unknown",
};

/** A run's status in one word. */
export const statusWord = (value: run.RunStatus): string => status[value];

export function paintStatus(value: run.RunStatus, paint: Paint): string {
  const word = statusWord(value);
  if (value === "RUN_STATUS_COMPLETED") return paint.good(word);
  return value === "RUN_STATUS_FAILED" || value === "RUN_STATUS_CANCELLED" ? paint.bad(word) : word;
}

function headline(view: run.Run, paint: Paint): string[] {
  const name = printable(view.manifestName);
  const { failure } = view;
  return [
    `${paint.strong(`${name} ${view.runId}`)}  ${paintStatus(view.status, paint)}`,
    `model: ${modelWords(view.model)}`,
    ...view.inputs.map(
      (input) =>
        `input ${printable(input.name)}: ${counted(input.files, "file")}, ${bytes(input.sizeBytes)} from ${printable(input.source)}`,
    ),
    ...(failure === undefined ? [] : [paint.bad(`${failure.reason}: ${printable(failure.message)}`)]),
  ];
}

/** A scripted model is called one wherever a model is named. */
export function modelWords(model: string): string {
  if (!model.startsWith("scripted:")) return printable(model) || "unknown";
  const [, replayed] = /^scripted:tape\/(.+)$/.exec(model) ?? [];
  if (replayed !== undefined)
    return `scripted (tape): recorded answers of ${printable(replayed)}, not a language model now`;
  return `scripted (${printable(model.slice("scripted:".length))}): a program answers, not a language model`;
}

export function taskTable(tasks: readonly run.Task[], width: number): string[] {
  const anyLost = tasks.some((task) => task.sandboxesLost > 0);
  const head: Column[] = [
    { title: "task" },
    { title: "item" },
    { title: "steps", align: "right" },
    ...(anyLost ? [{ title: "sandboxes lost", align: "right" } as const] : []),
    { title: "tokens", align: "right" },
    { title: "time", align: "right" },
    { title: "result", flexible: true },
  ];
  const rows = tasks.map((task) => [
    task.taskId,
    shortenStart(taskSubject(task.kind, task.itemPath), 36),
    count(task.stepsCommitted),
    ...(anyLost ? [count(task.sandboxesLost)] : []),
    count((task.usage?.inputTokens ?? 0) + (task.usage?.outputTokens ?? 0)),
    task.durationMs === 0 ? "" : duration(task.durationMs),
    resultWords(task),
  ]);
  return table(head, rows, width);
}

function resultWords({ status: word, summary }: run.Task): string {
  const words = printable(summary);
  return word === "completed" ? words : [word, words].filter((part) => part !== "").join(": ");
}

/** Files of an output with their sizes; those of local folders by the path that a shell understands. */
export function outputLines(output: events.PublishedOutput, paint: Paint): string[] {
  const total = output.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const shown = output.files.slice(0, MOST_FILES);
  const more = output.files.length - shown.length;
  return [
    `output ${paint.strong(printable(output.name))}: ${counted(output.files.length, "file")}, ${bytes(total)}`,
    ...shown.map((file) => `${bytes(file.sizeBytes).padStart(10)}  ${printable(placeOf(output.location, file.path))}`),
    ...(more > 0 ? [paint.faint(`${" ".repeat(12)}and ${count(more)} more`)] : []),
  ];
}

const MOST_FILES = 20;

/** Where a file was put; a local one as the shortest path from here. */
function placeOf(location: string, path: string): string {
  const folder = localPath(location);
  if (folder === undefined) return new URL(path, location).href;
  const full = join(folder, path);
  const nearby = relative(process.cwd(), full);
  return nearby.startsWith("..") ? full : nearby;
}

function localPath(location: string): string | undefined {
  try {
    return fileURLToPath(location);
  } catch {
    // Not a URL that names a local path.
    return undefined;
  }
}

function totals({ totals: sum, execution, run: view }: ReportData): string[] {
  const again =
    execution.interrupted === 0
      ? ""
      : ` (${counted(execution.interrupted, "step")} interrupted by a lost sandbox and executed again from its checkpoint)`;
  const lines = [
    `steps executed once: ${execution.committedOnce} of ${execution.steps}${again}`,
    `model calls paid twice: ${sum.modelCallsPaidTwice} of ${count(sum.modelCalls)}`,
  ];
  if (sum.sandboxesLost > 0) {
    const resumed = sum.resumedMs > 0 ? `, resumed in ${duration(sum.resumedMs)}` : "";
    lines.push(`sandboxes lost: ${sum.sandboxesLost}${resumed}`);
  }
  const cached = sum.cachedInputTokens > 0 ? ` (${count(sum.cachedInputTokens)} cached)` : "";
  lines.push(`tokens: ${count(sum.inputTokens)} in${cached}, ${count(sum.outputTokens)} out`);
  if (view.endedAt !== "") lines.push(`time: ${duration(sum.durationMs)}`);
  return lines;
}

export function ledgerLines(ledger: LedgerVerdict, paint: Paint): string[] {
  if (ledger.state === "unchecked") return [`ledger: not checked (${printable(ledger.reason)})`];
  if (ledger.state === "failed") {
    const differences = ledger.findings.map(
      ({ kind, place, problem }) => `  ${kind} ${printable(place)}: ${printable(problem)}`,
    );
    return [`ledger: ${paint.bad("NOT VERIFIED")}`, ...differences];
  }
  const { entries, treeSize, root, checked, skipped } = ledger;
  const bodies = [
    counted(checked.blobs, "blob"),
    counted(checked.snapshots, "snapshot"),
    counted(checked.outputs, "output file"),
  ];
  return [
    `ledger: ${paint.good("verified")} (${counted(entries, "entry", "entries")}, ${bodies.join(", ")})`,
    paint.faint(`  checkpoint ${root} of ${counted(treeSize, "entry", "entries")}`),
    ...(skipped.length > 0 ? [paint.warn(`  not checked: ${skipped.join(", ")}`)] : []),
  ];
}
