import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { counted, countingAgent } from "./testing/counting-agent.ts";
import { Installation, type Running } from "./testing/installation.ts";

let installation: Installation;
let up: Running;
beforeAll(async () => {
  installation = await Installation.create();
  installation.write(countingAgent({ steps: 10, also: "sleep 0.2" }));
  up = installation.start(["up", "--processes"]);
  await up.until(/control plane ready/);
});
afterAll(() => installation.remove());

/** Pid of a process by the newest of what `up` has said about it. */
const pidOf = async (name: string): Promise<number> => {
  await up.until(new RegExp(`^${name} ready`, "m"));
  const said = await up.until(new RegExp(`[^]*^${name} (?:ready|is back)[^\\n]*pid (\\d+)`, "m"));
  return Number(said[1]);
};

/** Starts a run and returns its id and how it ends, with the work in the middle once `step 3` is done. */
async function runInTheMiddle() {
  const running = installation.start(["run", "manifest.yaml"]);
  const [, runId = ""] = await running.until(/^run (\S+)/m);
  await running.until(/step 3 committed/);
  return { running, runId };
}

/** All that is promised, from the run's log and its output. */
async function expectNothingTwice(runId: string): Promise<void> {
  const { answer } = await installation.json(["show", runId]);
  expect(answer).toMatchObject({
    execution: { steps: 10, committedOnce: 10 },
    totals: { modelCalls: 11, modelCallsPaidTwice: 0 },
  });
  const numbers = readFileSync(join(installation.dir, "results", runId, "numbers.txt"), "utf8");
  expect(numbers).toBe(counted(10));
}

test.each([
  "planner",
  "harness-gateway",
  "harness-gateway-calls",
  "sandbox-broker",
  "snapshot-store",
  "provenance-ledger",
])("%s is killed in the middle of a run and started again: the run completes, nothing twice", async (name) => {
  const { running, runId } = await runInTheMiddle();
  const pid = await pidOf(name);
  process.kill(pid, "SIGKILL");
  const { code, stdout } = await running.ended;
  expect(stdout).toContain("ledger: verified");
  expect(code).toBe(0);
  await expectNothingTwice(runId);
  expect(await pidOf(name)).not.toBe(pid);
});

test("nats-server is killed in the middle of a run: services reconnect, the run completes", async () => {
  const { running, runId } = await runInTheMiddle();
  process.kill(await pidOf("nats-server"), "SIGKILL");
  await up.until(/nats-server is back/);
  const { code, stdout } = await running.ended;
  expect(stdout).toContain("ledger: verified");
  expect(code).toBe(0);
  await expectNothingTwice(runId);
});
