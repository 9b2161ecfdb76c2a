import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { ensureStreams, isTerminal, openDoorbells, openRunLog, RunId, Team } from "@cofferdam/run-log";
import { runSubmitted } from "@cofferdam/run-log/testing";
import { startTestWorker } from "./testing/worker.ts";

let nats: TestNats;
const team = Team("acme");
const main = fileURLToPath(new URL("main.ts", import.meta.url));

beforeAll(async () => {
  nats = await withNats();
});
afterAll(() => nats.close());

function startPlanner(): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, ["--conditions=@cofferdam/source", main], {
    env: {
      PATH: process.env["PATH"],
      COFFERDAM_TEAM: team,
      COFFERDAM_NATS_URL: nats.url,
      COFFERDAM_NATS_TOKEN_FILE: nats.tokenFile,
      COFFERDAM_LOG_LEVEL: "error",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("planners killed with -9 at random points, two at a time, still bring every run to one end", async () => {
  const nc = await nats.connect();
  await ensureStreams(nc);
  const log = openRunLog({ nc, team, instance: "gateway", service: "test" });
  const bells = openDoorbells({ nc, team });
  const worker = await startTestWorker(nc, team, "worker", () => sleep(30, "completed" as const));
  const runs = ["r1", "r2", "r3"].map((id) => ({ team, run: RunId(id) }));
  for (const key of runs) {
    await log.create(key, runSubmitted({ items: 12, maxParallel: 3 }));
    await bells.ring("plan", key);
  }
  const allEnded = Promise.all(
    runs.map(async ({ run }) => {
      for await (const event of log.watchRun(run)) expect(event.valid).toBe(true);
    }),
  ).then(() => true);

  let kills = 0;
  for (let isOver = false; !isOver;) {
    const planners = [startPlanner(), startPlanner()];
    await Promise.all(planners.map((planner) => once(planner.stdout, "data")));
    isOver = await Promise.race([
      allEnded,
      sleep(kills < 6 ? 20 + Math.random() * 250 : 30_000, false, { ref: false }),
    ]);
    for (const planner of planners) planner.kill("SIGKILL");
    kills++;
  }
  for (const key of runs) {
    const state = await log.read(key);
    expect(isTerminal(state)).toBe(true);
    expect(state.status).toBe("completed");
    expect([...state.tasks.values()].map((task) => task.attempt)).toEqual(Array.from({ length: 14 }, () => 1));
  }
  expect(kills).toBeGreaterThan(1);
  expect(worker.carriedOut).toHaveLength(3 * 14);
  await worker.close();
}, 180_000);
