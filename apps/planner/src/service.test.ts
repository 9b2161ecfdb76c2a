import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { events } from "@cofferdam/contracts";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import {
  ensureStreams,
  isTerminal,
  openInbox,
  openRunLog,
  openDoorbells,
  RunId,
  type RunState,
  TaskId,
  Team,
} from "@cofferdam/run-log";
import { type Service, silentLogger } from "@cofferdam/service";
import type { NatsConnection } from "@nats-io/nats-core";
import { createPlanner } from "./service.ts";
import { startTestWorker, type TestWorker } from "./testing/worker.ts";

let nats: TestNats;
let nc: NatsConnection;
let next = 0;

beforeAll(async () => {
  nats = await withNats();
  nc = await nats.connect();
  await ensureStreams(nc);
});
afterAll(() => nats.close());

const plan: events.RunPlan = {
  fanOutInput: "in",
  items: 5,
  maxParallel: 2,
  join: true,
  budget: undefined,
  maxAttempts: 2,
};

/** A team of its own per test keeps bells and heads apart. */
async function stage(outcome?: Parameters<typeof startTestWorker>[3], over: Partial<events.RunPlan> = {}) {
  const team = Team(`team-${++next}`);
  const log = openRunLog({ nc, team, instance: `gateway-${next}`, service: "test" });
  const key = { team, run: RunId(`run-${next}`) };
  const planner = await createPlanner({ nc, team, instance: `planner-${next}`, logger: silentLogger, sweepMs: 300 });
  const worker = await startTestWorker(nc, team, `worker-${next}`, outcome);
  const submitted: events.RunSubmitted = {
    team,
    principal: "p",
    manifest: undefined,
    manifestName: "m",
    idempotencyKey: "k",
    inputs: [{ name: "in", source: "file:./in", treeDigest: "sha256:x", files: 5, sizeBytes: 5, labels: [] }],
    plan: { ...plan, ...over },
    task: undefined,
    model: "scripted:x",
    baseLocation: "",
  };
  await log.create(key, submitted);
  await openDoorbells({ nc, team }).ring("plan", key);
  return { team, log, key, planner, worker, submitted };
}

async function ended(log: ReturnType<typeof openRunLog>, run: RunId): Promise<RunState> {
  let last: RunState | undefined;
  for await (const { key, state } of log.watchRun(run)) if (key.task === undefined) last = state;
  if (last === undefined || !isTerminal(last)) throw new Error("the run did not end");
  return last;
}

const closeAll = (services: { planner: Service; worker: TestWorker }) =>
  Promise.all([services.planner.close(), services.worker.close()]);

test("a fan-out runs every item, joins, publishes and completes, within its parallelism", async () => {
  const it = await stage();
  const state = await ended(it.log, it.key.run);
  expect(state.status).toBe("completed");
  expect([...it.worker.carriedOut].sort()).toEqual(["join", "publish", "t001", "t002", "t003", "t004", "t005"]);
  expect(it.worker.peak()).toBeLessThanOrEqual(2);
  expect(state.result).toMatchObject({ summary: "did join", steps: 6 });
  expect(state.voids).toBe(0);
  const publish = await it.log.read({ ...it.key, task: TaskId("publish") });
  expect(publish.submitted?.task?.upstream.map((u) => u.taskId)).toEqual(["join"]);
  await closeAll(it);
});

test("a retryable failure is tried again in a log of its own, and counts once", async () => {
  const failure = { reason: "MODEL_OVERLOADED", message: "later", retryable: true };
  const it = await stage((task) => (task.taskId === "t002" && task.attempt === 1 ? { failure } : "completed"));
  const state = await ended(it.log, it.key.run);
  expect(state.status).toBe("completed");
  expect(it.worker.carriedOut.filter((id) => id.startsWith("t002"))).toEqual(["t002", "t002-a2"]);
  await closeAll(it);
});

test("a failure for good lets tasks in flight end, starts no other, and fails the run", async () => {
  const failure = { reason: "OUTPUT_MISSING", message: "nothing written", retryable: false };
  const it = await stage((task) => (task.taskId === "t001" ? { failure } : "completed"));
  const state = await ended(it.log, it.key.run);
  expect(state).toMatchObject({ status: "failed", failure: { reason: "OUTPUT_MISSING" } });
  expect(it.worker.carriedOut.length).toBeLessThanOrEqual(3);
  expect([...state.tasks.values()].some((task) => task.status === "dispatched")).toBe(false);
  await closeAll(it);
});

test("a cancel reaches the tasks in flight, and the run ends cancelled with its reason", async () => {
  const it = await stage(() => "hangs");
  const inbox = openInbox({ nc });
  await inbox.send(it.key, { id: "c1", command: "cancel", principal: "alice", reason: "enough" });
  await openDoorbells({ nc, team: it.team }).ring("plan", it.key);
  const state = await ended(it.log, it.key.run);
  expect(state).toMatchObject({ status: "cancelled", cancelled: { reason: "enough", principal: "alice" } });
  await closeAll(it);
});

test("a run whose bells were all lost is found by the sweeper", async () => {
  const it = await stage();
  await ended(it.log, it.key.run);
  const forgotten = { team: it.team, run: RunId(`forgotten-${next}`) };
  await it.log.create(forgotten, it.submitted);
  expect((await ended(it.log, forgotten.run)).status).toBe("completed");
  await closeAll(it);
});
