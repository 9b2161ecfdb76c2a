import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { counted, countingAgent } from "./testing/counting-agent.ts";
import { Installation, processesWith } from "./testing/installation.ts";

let installation: Installation;
beforeEach(async () => {
  installation = await Installation.create();
});
afterEach(() => installation.remove());

const runIdOf = (answer: unknown): string => (answer as { run: { runId: string } }).run.runId;
const inFolder = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [join(folder, name), text]));
const numbersOf = (runId: string): string =>
  readFileSync(join(installation.dir, "results", runId, "numbers.txt"), "utf8");

test("a run ends with its outputs, its facts and a verified ledger, and leaves nothing behind", async () => {
  installation.write(countingAgent({ steps: 3 }));
  const { ended, answer } = await installation.json(["run", "manifest.yaml"]);
  expect(ended.stderr).toMatch(/^run \S+\n$/);
  expect(ended.code).toBe(0);
  expect(answer).toMatchObject({
    run: { status: "RUN_STATUS_COMPLETED", manifestName: "counting" },
    execution: { steps: 3, committedOnce: 3, interrupted: 0, sandboxesLost: 0 },
    totals: { modelCalls: 4, modelCallsPaidTwice: 0 },
    model: { scripted: true },
    ledger: { state: "verified" },
  });
  expect(numbersOf(runIdOf(answer))).toBe(counted(3));
  expect(await processesWith(installation.home)).toEqual([]);
  expect(existsSync(join(installation.home, "control-plane.json"))).toBe(false);
});

test("a sandbox killed in a step is replaced: that step runs again, no other, and nothing is paid twice", async () => {
  installation.write(countingAgent({ steps: 6 }));
  const { ended, answer } = await installation.json(["run", "manifest.yaml", "--chaos", "kill-sandbox@4"]);
  expect(ended.code).toBe(0);
  expect(answer).toMatchObject({
    execution: { steps: 6, committedOnce: 6, interrupted: 1, sandboxesLost: 1 },
    totals: { modelCalls: 7, modelCallsPaidTwice: 0, sandboxesLost: 1 },
    ledger: { state: "verified" },
  });
  expect(numbersOf(runIdOf(answer))).toBe(counted(6));
});

test("a run fans out over its files, at most so many at once, and its outputs are joined in their order", async () => {
  installation.write(countingAgent({ steps: 2, spec: "  compute: { parallel: 2 }" }));
  const { ended, answer } = await installation.json(["run", "manifest.yaml"]);
  expect(ended.code).toBe(0);
  const { run } = answer as { run: { tasks: { kind: string; itemPath?: string }[] } };
  expect(run.tasks.filter(({ kind }) => kind === "TASK_KIND_WORK").map(({ itemPath }) => itemPath)).toEqual([
    "a.txt",
    "b.txt",
    "c.txt",
  ]);
  expect(numbersOf(runIdOf(answer))).toBe(counted(2).repeat(3));
});

test("what was run is listed, shown and read again without a control plane, quickly", async () => {
  installation.write(countingAgent({ steps: 2 }));
  const first = await installation.json(["run", "manifest.yaml"]);
  const runId = runIdOf(first.answer);
  const begin = performance.now();
  const { answer } = await installation.json(["runs"]);
  expect(performance.now() - begin).toBeLessThan(5_000);
  expect(answer).toMatchObject({ runs: [{ runId, status: "RUN_STATUS_COMPLETED" }] });
  expect((await installation.run(["show", runId])).stdout).toContain("steps executed once: 2 of 2");
  expect((await installation.run(["cat", runId, "numbers", "numbers.txt"])).stdout).toBe(counted(2));
  const watched = await installation.run(["watch", runId, "--json"]);
  const types = watched.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).type);
  expect(types[0]).toBe("cofferdam.run.submitted");
  expect(types.at(-1)).toBe("cofferdam.run.completed");
  expect((await installation.run(["show", "no-such-run"])).code).toBe(2);
});

test("the same idempotency key is the same run", async () => {
  installation.write(countingAgent({ steps: 1 }));
  const args = ["run", "manifest.yaml", "--idempotency-key", "once"];
  const first = await installation.json(args);
  const second = await installation.json(args);
  expect(runIdOf(second.answer)).toBe(runIdOf(first.answer));
  installation.write(inFolder("elsewhere", countingAgent({ steps: 1 })));
  const elsewhere = await installation.run(["run", "elsewhere/manifest.yaml", "--idempotency-key", "once"]);
  expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining("in another folder")]);
  writeFileSync(join(installation.dir, "AGENTS.md"), "Count otherwise.\n");
  expect((await installation.run(args)).stderr).toContain("with another manifest");
});

test("an interrupted run is durable, and resuming goes on where it was", async () => {
  installation.write(countingAgent({ steps: 8, also: "sleep 0.3" }));
  const running = installation.start(["run", "manifest.yaml"]);
  await running.until(/step 3 committed/);
  running.child.kill("SIGINT");
  const { code, stderr } = await running.ended;
  expect(code).toBe(130);
  const runId = /cofferdam resume (\S+?)`/.exec(stderr)?.[1] ?? "";
  expect(await processesWith(installation.home)).toEqual([]);
  const { ended, answer } = await installation.json(["resume", runId]);
  expect(ended.code).toBe(0);
  expect(answer).toMatchObject({ execution: { steps: 8, committedOnce: 8 }, totals: { modelCallsPaidTwice: 0 } });
  expect(numbersOf(runId)).toBe(counted(8));
});

test("a command line that is killed leaves nothing that keeps the next one from going on", async () => {
  installation.write(countingAgent({ steps: 6, also: "sleep 0.3" }));
  const running = installation.start(["run", "manifest.yaml"]);
  await running.until(/step 2 committed/);
  running.child.kill("SIGKILL");
  await running.ended;
  const { ended } = await installation.json(["resume"]);
  expect(ended.code).toBe(0);
  const { answer } = await installation.json(["runs"]);
  const { runs } = answer as { runs: { runId: string; status: string }[] };
  expect(runs.map(({ status }) => status)).toEqual(["RUN_STATUS_COMPLETED"]);
  expect(numbersOf(runs[0]?.runId ?? "")).toBe(counted(6));
});

test("a run whose control plane ends with another command goes on with one of its own", async () => {
  installation.write(countingAgent({ steps: 3, also: "sleep 0.3" }));
  const long = Object.entries(countingAgent({ steps: 12, also: "sleep 0.4" }));
  installation.write(Object.fromEntries(long.map(([name, text]) => [`long/${name}`, text])));
  const first = installation.start(["run", "manifest.yaml"]);
  await first.until(/step 1 committed/);
  const second = installation.start(["run", "long/manifest.yaml"]);
  const [, runId = ""] = await second.until(/^run (\S+)/m);
  expect((await first.ended).code).toBe(0);
  const { code, stdout, stderr } = await second.ended;
  expect(stderr).toMatch(/the control plane of process \d+ has ended .*going on with one of our own/);
  expect([code, stdout]).toEqual([0, expect.stringContaining("steps executed once: 12 of 12")]);
  expect(readFileSync(join(installation.dir, "long/results", runId, "numbers.txt"), "utf8")).toBe(counted(12));
});
