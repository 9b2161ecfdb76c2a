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

test.each([
  "planner",
  "harness-gateway",
  "harness-gateway-calls",
  "sandbox-broker",
  "snapshot-store",
  "provenance-ledger",
])("%s is killed in the middle of a run and started again: the run completes, nothing twice", async (name) => {
  const running = installation.start(["run", "manifest.yaml", "--json"]);
  const events = installation.start(["runs"]);
  await events.ended;
  // Somewhere in the middle of ten steps of 200 ms.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const pid = await pidOf(name);
  process.kill(pid, "SIGKILL");
  const { code, stdout, stderr } = await running.ended;
  expect(stderr).not.toContain("cofferdam:");
  expect(code).toBe(0);
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({
    execution: { steps: 10, committedOnce: 10 },
    totals: { modelCalls: 11, modelCallsPaidTwice: 0 },
    ledger: { state: "verified" },
  });
  const numbers = readFileSync(join(installation.dir, "results", answer.run.runId, "numbers.txt"), "utf8");
  expect(numbers).toBe(counted(10));
  expect(await pidOf(name)).not.toBe(pid);
});

test("nats-server is killed in the middle of a run: services reconnect, the run completes", async () => {
  const running = installation.start(["run", "manifest.yaml", "--json"]);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  process.kill(await pidOf("nats-server"), "SIGKILL");
  await up.until(/nats-server is back/);
  const { code, stdout } = await running.ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ execution: { committedOnce: 10 }, ledger: { state: "verified" } });
});
