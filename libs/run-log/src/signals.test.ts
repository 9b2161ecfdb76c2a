import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { NatsConnection } from "@nats-io/transport-node";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { openDoorbells } from "./doorbell.ts";
import { type InboxMessage, openInbox } from "./inbox.ts";
import { openLeases } from "./lease.ts";
import { type LogKey, RunId, TaskId, Team } from "./log-key.ts";
import { ensureStreams } from "./streams.ts";

let nats: TestNats;
let nc: NatsConnection;
let teams = 0;

beforeAll(async () => {
  nats = await withNats();
  nc = await nats.connect();
  await ensureStreams(nc);
});
afterAll(() => nats.close());

const stage = () => {
  const team = Team(`team-${++teams}`);
  const key: LogKey = { team, run: RunId("r1") };
  return { team, key, task: { ...key, task: TaskId("t001") }, bells: openDoorbells({ nc, team }) };
};

async function until(condition: () => boolean, ms = 10_000): Promise<void> {
  for (let waited = 0; !condition(); waited += 10) {
    if (waited > ms) throw new Error("it did not happen");
    await sleep(10);
  }
}

test("a bell is answered once, and bells that wait for one log are one", async () => {
  const { bells, task } = stage();
  for (let i = 0; i < 5; i++) await bells.ring("task", task);
  const heard: LogKey[] = [];
  const answering = await bells.answer("task", { maxInFlight: 4 }, async (key) => void heard.push(key));
  await until(() => heard.length > 0);
  await sleep(100);
  expect(heard).toEqual([task]);
  expect(await bells.isRinging("task", task)).toBe(false);
  await answering.close();
});

test("a bell that rings while its log is handled causes another look afterwards, never one beside it", async () => {
  const { bells, key } = stage();
  let looks = 0;
  let beside = 0;
  let most = 0;
  const answering = await bells.answer("plan", { maxInFlight: 8 }, async () => {
    most = Math.max(most, ++beside);
    looks++;
    if (looks === 1) for (let i = 0; i < 3; i++) await bells.ring("plan", key);
    await sleep(200);
    beside--;
  });
  await bells.ring("plan", key);
  await until(() => looks === 2);
  await sleep(400);
  expect({ looks, most }).toEqual({ looks: 2, most: 1 });
  await answering.close();
});

test("a handler that fails is called again", async () => {
  const { bells, key } = stage();
  const errors: unknown[] = [];
  let looks = 0;
  const answering = await bells.answer("plan", { maxInFlight: 1, onError: (error) => errors.push(error) }, async () => {
    if (++looks === 1) throw new Error("not now");
  });
  await bells.ring("plan", key);
  await until(() => looks === 2);
  expect(errors).toHaveLength(1);
  await answering.close();
});

test("a bell is held as long as its handler works, and given back when the answering closes", async () => {
  const { team, bells, task } = stage();
  let first = 0;
  let second = 0;
  const a = await bells.answer("task", { maxInFlight: 1, ackWaitMs: 300 }, async (_key, { signal }) => {
    first++;
    await new Promise((done) => signal.addEventListener("abort", done));
  });
  await bells.ring("task", task);
  await until(() => first === 1);
  const b = await openDoorbells({ nc, team }).answer(
    "task",
    { maxInFlight: 1, ackWaitMs: 300 },
    async () => void second++,
  );
  await sleep(1_200);
  expect({ first, second }).toEqual({ first: 1, second: 0 });
  await a.close();
  await until(() => second === 1);
  await b.close();
});

const holder = `
  const { connectNats } = await import("@cofferdam/nats-local");
  const { openDoorbells, Team } = await import("@cofferdam/run-log");
  const [url, token, team] = process.argv.slice(1);
  const nc = await connectNats(url, token, "holder");
  await openDoorbells({ nc, team: Team(team) }).answer("task", { maxInFlight: 1, ackWaitMs: 1000 }, async () => {
    process.stdout.write("held");
    await new Promise(() => setInterval(() => {}, 1000));
  });
`;

test("a bell whose holder was killed rings elsewhere", async () => {
  const { team, bells, task } = stage();
  const child = spawn(
    process.execPath,
    ["--conditions=@cofferdam/source", "--input-type=module", "-e", holder, nats.url, nats.token, team],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await bells.ring("task", task);
  await new Promise((done) => child.stdout.once("data", done));
  let heard = 0;
  const answering = await bells.answer("task", { maxInFlight: 1, ackWaitMs: 1_000 }, async () => void heard++);
  await sleep(1_500);
  expect(heard).toBe(0);
  child.kill("SIGKILL");
  await until(() => heard === 1);
  await answering.close();
});

test("answering goes on over a restart of nats-server", async () => {
  const { bells, key } = stage();
  let heard = 0;
  const answering = await bells.answer("plan", { maxInFlight: 2 }, async () => void heard++);
  await nats.crashAndRestart();
  await bells.ring("plan", key);
  await until(() => heard > 0, 20_000);
  expect(heard).toBeGreaterThan(0);
  await answering.close();
});

test("an owner whose heart beats is not silent, one that let go or stopped is", async () => {
  const { team, key, task } = stage();
  const mine = await openLeases({ nc, team, instance: "a", beatMs: 100 });
  const other = await openLeases({ nc, team, instance: "b" });
  expect(await other.awaitSilence(key, 500)).toBe(true);
  const lease = await mine.hold(key, 1);
  expect(await other.awaitSilence(key, 500)).toBe(false);
  expect(other.silentForMs(key)).toBeLessThan(400);
  await lease.release();
  expect(await other.awaitSilence(key, 60_000)).toBe(true);

  const frozen = await nats.connect("frozen");
  const dying = await openLeases({ nc: frozen, team, instance: "c", beatMs: 100 });
  await dying.hold(task, 1);
  await frozen.close();
  const begin = performance.now();
  const answers: boolean[] = [];
  while (answers.at(-1) !== true) answers.push(await other.awaitSilence(task, 500));
  expect(performance.now() - begin).toBeGreaterThan(300);
  await Promise.all([mine.close(), other.close(), dying.close()]);
});

test("a message sent twice is one, and reaches who watches and who reads later", async () => {
  const { key } = stage();
  const inbox = openInbox({ nc });
  const heard: InboxMessage[] = [];
  const message = (id: string): InboxMessage => ({
    id,
    command: "cancel",
    principal: "alice",
    reason: `because ${id}`,
  });
  await inbox.send(key, message("0"));
  const watch = inbox.watch(key, (m) => heard.push(m));
  await inbox.send(key, message("1"));
  await inbox.send(key, message("1"));
  await until(() => heard.length === 2);
  await inbox.send(key, message("2"));
  await until(() => heard.length === 3);
  watch.close();
  expect(await inbox.read(key)).toEqual(["0", "1", "2"].map(message));
});
