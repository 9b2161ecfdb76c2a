import { expect, test } from "@jest/globals";
import { run } from "@cofferdam/contracts";
import { eventOf } from "../progress/event-fixture.ts";
import { advance, noProgress, type RunProgress } from "../progress/run-progress.ts";
import { reportJson } from "./json.ts";
import { liveView } from "./live-view.ts";
import { noPaint } from "./paint.ts";
import { type LedgerVerdict, reportData } from "./report-data.ts";
import { report } from "./report.ts";

const view = run.Run.fromJSON({
  runId: "r-1",
  team: "local",
  manifestName: "financial-report",
  model: "scripted:/x/script.mjs",
  status: "RUN_STATUS_COMPLETED",
  submittedAt: "2026-11-23T10:00:00.000Z",
  endedAt: "2026-11-23T10:00:42.500Z",
  usage: { inputTokens: 12_000, outputTokens: 345, modelCalls: 21 },
  inputs: [{ name: "prices", source: "file:./data", files: 3, sizeBytes: 2_048 }],
  tasks: [
    {
      taskId: "t001",
      kind: "TASK_KIND_WORK",
      status: "completed",
      stepsCommitted: 20,
      sandboxesLost: 1,
      resumedMs: 812,
      durationMs: 40_000,
      summary: "Compiled the report.\u001B[31m",
      usage: { inputTokens: 12_000, outputTokens: 345 },
    },
  ],
  outputs: [{ name: "report", location: "file:///tmp/results/r-1", files: [{ path: "report.md", sizeBytes: 5_000 }] }],
});
const verified: LedgerVerdict = {
  state: "verified",
  entries: 80,
  treeSize: 81,
  root: "cm9vdA==",
  checked: { entries: 81, events: 81, blobs: 42, tiles: 2, snapshots: 20, outputs: 2 },
  skipped: [],
};

const step = (n: number, attempt: number) =>
  eventOf("r-1/t001", "step.started", { step: n, attempt, tool: "exec_command" });
const commit = (n: number) => eventOf("r-1/t001", "step.committed", { step: n });
const progress: RunProgress = [
  ...Array.from({ length: 18 }, (_, i) => [step(i + 1, 1), commit(i + 1)]).flat(),
  step(19, 1),
  eventOf("r-1/t001", "sandbox.lost", { sandboxId: "s", reason: "killed" }),
  step(19, 2),
  commit(19),
  step(20, 1),
  commit(20),
].reduce(advance, noProgress);

const text = (data = reportData(view, progress, verified), width = 140): string =>
  report(data, width, noPaint).join("\n");

test("the report states what durable execution promises, from the log", () => {
  expect(text()).toContain("steps executed once: 20 of 20 (1 step interrupted by a lost sandbox and executed again");
  expect(text()).toContain("model calls paid twice: 0 of 21");
  expect(text()).toContain("sandboxes lost: 1, resumed in 812 ms");
  expect(text()).toContain("tokens: 12,000 in, 345 out");
  expect(text()).toContain("time: 42.5 s");
  expect(text()).toMatch(
    /ledger: verified \(80 entries, 42 blobs, 20 snapshots, 2 output files\)\n {2}checkpoint cm9vdA== of 81 entries$/,
  );
});

test("a scripted model is never passed off as a real one", () => {
  expect(text()).toContain("model: scripted (/x/script.mjs)");
});

test("tasks stand in a table with item, steps, losses, tokens, time and the agent's closing words", () => {
  const row = text()
    .split("\n")
    .find((line) => line.startsWith("t001"));
  expect(row).toMatch(/^t001 +whole workspace +20 +1 +12,345 +40.0 s +Compiled the report\.$/);
});

test("outputs are shown by the path that a shell understands", () => {
  expect(text()).toContain("output report: 1 file, 4.9 KiB\n   4.9 KiB  /tmp/results/r-1/report.md");
});

test("evidence that does not verify is not overlooked", () => {
  const broken = reportData(view, progress, {
    state: "failed",
    findings: [{ kind: "entry", place: "entry 7", problem: "differs" }],
  });
  expect(text(broken)).toContain("ledger: NOT VERIFIED\n  entry entry 7: differs");
});

test("the JSON says the same", () => {
  expect(reportJson(reportData(view, progress, verified))).toMatchObject({
    run: { runId: "r-1", status: "RUN_STATUS_COMPLETED" },
    execution: { steps: 20, committedOnce: 20, interrupted: 1, sandboxesLost: 1 },
    totals: { modelCallsPaidTwice: 0, resumedMs: 812, durationMs: 42_500 },
    model: { scripted: true },
    ledger: { state: "verified", entries: 80 },
  });
});

test("the live view fits its height, whatever the number of tasks, and counts the rest", () => {
  const tasks = Array.from({ length: 60 }, (_, i) => ({
    taskId: `t${String(i + 1).padStart(3, "0")}`,
    kind: "TASK_KIND_WORK",
  }));
  const many = [
    eventOf("r", "run.submitted", { manifestName: "encounters" }),
    eventOf("r", "run.planned", { tasks }),
    ...tasks
      .slice(0, 20)
      .map(({ taskId }) => eventOf(`r/${taskId}`, "task.started", { taskId, itemPath: `${taskId}.txt` }, 1)),
  ].reduce(advance, noProgress);
  const lines = liveView("r", many, Date.parse("2026-11-23T10:00:05Z"), { width: 80, height: 12 }, noPaint);
  expect(lines.length).toBeLessThanOrEqual(12);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^encounters r +0 of 60 tasks {2}0 tokens {2}5.0 s$/);
  expect(lines.at(-1)).toBe("  11 tasks not shown, 40 waiting");
});
