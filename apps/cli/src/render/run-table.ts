import type { run } from "@cofferdam/contracts";
import { count, duration } from "./quantity.ts";
import { statusWord } from "./report.ts";
import { table } from "./table.ts";
import { printable } from "./text.ts";

/** Runs in one line each. */
export function runTable(runs: readonly run.Run[], width: number): string[] {
  const head = [
    { title: "run" },
    { title: "manifest", flexible: true },
    { title: "status" },
    { title: "tasks", align: "right" },
    { title: "tokens", align: "right" },
    { title: "submitted" },
    { title: "time", align: "right" },
  ] as const;
  const rows = runs.map((view) => [
    view.runId,
    printable(view.manifestName),
    statusWord(view.status),
    `${count(view.tasks.filter((task) => task.status === "completed").length)}/${count(view.tasks.length)}`,
    count((view.usage?.inputTokens ?? 0) + (view.usage?.outputTokens ?? 0)),
    view.submittedAt.slice(0, 19).replace("T", " "),
    view.endedAt === "" ? "" : duration(Math.max(0, Date.parse(view.endedAt) - Date.parse(view.submittedAt))),
  ]);
  return table(head, rows, width);
}
