import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectNats, findNatsServer, startNats } from "@cofferdam/nats-local";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { decodeEnvelope, encodeEnvelope, seal } from "./envelope.ts";
import type { LogEvent } from "./event-types.ts";
import { type LogKey, logSubject, RunId, TaskId, Team } from "./log-key.ts";
import { openRunLog, type StoredEvent } from "./run-log.ts";
import { ensureStreams, RUNS } from "./streams.ts";
import { runSubmitted, sampleFailure, sealFor, taskSubmitted } from "./testing/index.ts";

let nats: TestNats;
let nc: NatsConnection;
let runs = 0;
const team = Team("acme");

beforeAll(async () => {
  nats = await withNats();
  nc = await nats.connect();
  await ensureStreams(nc);
});
afterAll(() => nats.close());

const open = (instance: string, connection = nc) =>
  openRunLog({ nc: connection, team, instance, service: "test", requestTimeoutMs: 1_000, retryMs: 20_000 });
const freshKey = (): LogKey => ({ team, run: RunId(`run-${++runs}`) });
const note = (id: string): LogEvent => ({
  type: "command.accepted",
  data: { commandId: id, command: "x", principal: "p" },
});
const ended: LogEvent = { type: "run.failed", data: { failure: sampleFailure(false), usage: undefined } };

async function collect(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const list: StoredEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test("of many who begin the same log one does, and all see the same", async () => {
  const key = freshKey();
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => open(`gw-${i}`).create(key, runSubmitted())));
  expect(answers.filter((a) => a.created)).toHaveLength(1);
  expect(new Set(answers.map((a) => a.state.head.digest)).size).toBe(1);
});

test("append_exclusivity: in 100 races of two claimants exactly one gets each epoch, and only it can go on", async () => {
  const key = freshKey();
  const [a, b] = [open("a"), open("b")];
  await a.create(key, runSubmitted());
  for (let round = 1; round <= 100; round++) {
    const claims = await Promise.allSettled([a.claim(key), b.claim(key)]);
    const won = claims.flatMap((c) => (c.status === "fulfilled" ? [c.value] : []));
    // The slower one may also come so late that it claims the epoch after.
    expect(won.length).toBeGreaterThan(0);
    expect(new Set(won.map((w) => w.epoch)).size).toBe(won.length);
    const refusals = claims.flatMap((c) => (c.status === "rejected" ? [c.reason.code] : []));
    expect(refusals.every((code) => code === "FENCED")).toBe(true);
    const results = await Promise.allSettled(won.map((w) => w.append([note(`${round}-${w.owner}`)])));
    const newest = Math.max(...won.map((w) => w.epoch));
    expect(results[won.findIndex((w) => w.epoch === newest)]?.status).toBe("fulfilled");
  }
  const history = await collect(a.history(key));
  expect(history.filter((e) => !e.valid)).toHaveLength(0);
  const epochs = history.flatMap((e) => (e.event?.type === "run.claimed" ? [e.event.data.epoch] : []));
  expect(epochs).toEqual(epochs.map((_, i) => i + 1));
});

test("what is staged stands in the log with the next append, and in the state at once", async () => {
  const key = freshKey();
  const log = open("a");
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  writer.stage([note("1")]);
  writer.stage([note("2")]);
  expect(writer.state.head.ordinal).toBe(4);
  expect((await open("reader").read(key)).head.ordinal).toBe(2);
  await writer.append([note("3")]);
  const history = await collect(log.history(key));
  expect(history.map(({ valid }) => valid)).toEqual([true, true, true, true, true]);
  expect(writer.state.head).toEqual(history.at(-1)?.state.head);
  writer.stage([note("4")]);
  await writer.append([]);
  expect((await open("reader").read(key)).head).toEqual(writer.state.head);
});

test("what a fenced writer has staged never comes into the log, and what the log does not allow cannot be staged", async () => {
  const key = freshKey();
  const [a, b] = [open("a"), open("b")];
  await a.create(key, runSubmitted());
  const zombie = await a.claim(key);
  expect(() => zombie.stage([{ type: "sandbox.lost", data: { sandboxId: "s", reason: "r" } }])).toThrow(
    expect.objectContaining({ code: "INVALID_TRANSITION" }),
  );
  zombie.stage([note("1")]);
  await b.claim(key);
  await expect(zombie.append([note("2")])).rejects.toMatchObject({ code: "FENCED" });
  expect(() => zombie.stage([note("3")])).toThrow(expect.objectContaining({ code: "FENCED" }));
  expect((await collect(b.history(key))).map(({ event }) => event?.type)).toEqual([
    "run.submitted",
    "run.claimed",
    "run.claimed",
  ]);
});

test("a zombie that was taken over from is fenced at its next append and told so", async () => {
  const key = freshKey();
  const [a, b] = [open("a"), open("b")];
  await a.create(key, runSubmitted());
  const zombie = await a.claim(key);
  await zombie.append([note("1")]);
  const heir = await b.claim(key);
  await expect(zombie.append([note("2")])).rejects.toMatchObject({ code: "FENCED", kind: "cancelled" });
  expect(zombie.signal.aborted).toBe(true);
  await expect(zombie.append([note("3")])).rejects.toMatchObject({ code: "FENCED" });
  await heir.append([note("4")]);
  expect([...(await a.read(key)).accepted]).toEqual(["1", "4"]);
});

test("a void message that slipped past the engine neither counts nor stops the owner", async () => {
  const key = freshKey();
  const log = open("a");
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  const old = writer.state;
  await writer.append([note("1")]);
  const js = jetstream(nc);
  await js.publish(logSubject(key), sealFor(old, ended, { owner: "a", epoch: 1 }));
  await js.publish(logSubject(key), "garbage");
  await writer.append([note("2")]);
  expect(writer.state).toMatchObject({ status: "running", voids: 2 });
  expect((await collect(log.history(key))).map((e) => e.valid)).toEqual([true, true, true, false, false, true]);
});

test("what the engine acknowledges is not believed before it was read back", async () => {
  const key = freshKey();
  const now = () => new Date("2026-01-01T00:00:00Z");
  const log = openRunLog({ nc, team, instance: "a", service: "test", now, retryMs: 300 });
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  // Somebody used the message id that this event will have; the engine then acknowledges it and stores nothing.
  const bytes = encodeEnvelope(
    seal(note("1"), {
      team,
      service: "test",
      log: key.run,
      time: now().toISOString(),
      ordinal: 3,
      prevdigest: writer.state.head.digest,
      epoch: 1,
      owner: "a",
    }),
  );
  const decoded = decodeEnvelope(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  await jetstream(nc).publish(logSubject(key), "loser", { msgID: `a:${decoded.digest}` });
  await expect(writer.append([note("1")])).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect((await log.read(key)).accepted.size).toBe(0);
});

test("many events at once are all there, in order", async () => {
  const key = freshKey();
  const log = open("a");
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  await writer.append(Array.from({ length: 305 }, (_, i) => note(`n${i}`)));
  expect(writer.state.accepted.size).toBe(305);
  const again = await open("b").read(key);
  expect(again.head).toEqual(writer.state.head);
});

test("concurrent appends of one writer queue", async () => {
  const key = freshKey();
  const log = open("a");
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  await Promise.all(Array.from({ length: 30 }, (_, i) => writer.append([note(`n${i}`)])));
  expect([...writer.state.accepted]).toEqual(Array.from({ length: 30 }, (_, i) => `n${i}`));
});

test("an event that the state does not allow is refused before anything is sent, and the writer lives on", async () => {
  const key = freshKey();
  const log = open("a");
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  const early: LogEvent = { type: "run.completed", data: { result: undefined } };
  await expect(writer.append([note("1"), early])).rejects.toMatchObject({ code: "INVALID_TRANSITION" });
  await writer.append([note("1")]);
  await writer.append([ended]);
  await expect(log.claim(key)).rejects.toMatchObject({ code: "TERMINAL" });
  await expect(log.claim(freshKey())).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("events appended while nats-server is killed and comes back are there once, in order", async () => {
  const key = freshKey();
  const connection = await nats.connect("crash");
  const log = open("a", connection);
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  let crashes = 0;
  const wanted: string[] = [];
  const appending = (async () => {
    for (let i = 0; crashes < 3 || i % 20 !== 0; i++) {
      wanted.push(`n${i}`);
      await writer.append([note(`n${i}`)]);
    }
  })();
  for (; crashes < 3; crashes++) {
    await new Promise((done) => setTimeout(done, 150));
    await nats.crashAndRestart();
  }
  await appending;
  expect([...(await open("b", connection).read(key)).accepted]).toEqual(wanted);
  expect((await collect(log.history(key))).every((e) => e.valid)).toBe(true);
}, 120_000);

test("a watcher sees a run and its tasks in stream order, over a restart of nats-server, to the run's end", async () => {
  const key = freshKey();
  const task: LogKey = { ...key, task: TaskId("t001") };
  const connection = await nats.connect("watch");
  const log = open("a", connection);
  const seen = collect(log.watchRun(key.run));
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  await log.create(task, taskSubmitted());
  const worker = await log.claim(task);
  for (let i = 0; i < 20; i++) {
    await writer.append([note(`r${i}`)]);
    await worker.append([note(`t${i}`)]);
    if (i === 10) await nats.crashAndRestart();
  }
  await worker.append([ended]);
  await jetstream(connection).publish(logSubject(task), "garbage");
  await writer.append([ended]);
  const events = await seen;
  expect(events.map((e) => e.sequence)).toEqual(events.map((e) => e.sequence).sort((x, y) => x - y));
  expect(events).toHaveLength(2 + 2 + 40 + 2);
  expect(events.every((e) => e.valid)).toBe(true);
  expect(events.at(-1)).toMatchObject({ key, event: { type: "run.failed" } });
}, 120_000);

test("heads name every log once with its last event", async () => {
  const mine = Team("heads");
  const log = openRunLog({ nc: await nats.connect(), team: mine, instance: "a", service: "test" });
  for (let i = 0; i < 30; i++) {
    const key = { team: mine, run: RunId(`r${i}`) };
    await log.create(key, runSubmitted({}, mine));
    if (i % 3 === 0) await (await log.claim(key)).append([ended]);
  }
  const heads = await log.heads();
  expect(heads).toHaveLength(30);
  expect(heads.filter((h) => h.ends)).toHaveLength(10);
  const stop = new AbortController();
  let followed = 0;
  for await (const head of log.followHeads(stop.signal)) {
    followed++;
    if (head.caughtUp) stop.abort();
  }
  expect(followed).toBe(30);
  expect(await openRunLog({ nc, team: Team("empty"), instance: "a", service: "test" }).heads()).toEqual([]);
});

test("a stream that lost its tail is noticed by who wrote it", async () => {
  const { path: binary } = await findNatsServer({
    cacheDir: fileURLToPath(new URL("../../../.cofferdam/cache", import.meta.url)),
  });
  const dir = await mkdtemp(join(tmpdir(), "cofferdam-rewind-"));
  const storeDir = join(dir, "store");
  let server = await startNats({ binary, storeDir });
  const port = Number(new URL(server.url).port);
  const connection = await connectNats(server.url, server.token, "rewind");
  await ensureStreams(connection);
  const log = open("a", connection);
  const key = freshKey();
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  await server.close();
  await cp(storeDir, join(dir, "old"), { recursive: true });
  server = await startNats({ binary, storeDir, port });
  await writer.append([note("1")]);
  await server.close();
  await rm(storeDir, { recursive: true });
  await cp(join(dir, "old"), storeDir, { recursive: true });
  server = await startNats({ binary, storeDir, port });
  await expect(writer.append([note("2")])).rejects.toMatchObject({ code: "REWOUND" });
  await connection.close();
  await server.close();
  await rm(dir, { recursive: true });
}, 60_000);

test("an engine that stores no more is named, and after the mend a claim goes on from there", async () => {
  const key = freshKey();
  const connection = await nats.connect("full");
  const log = openRunLog({ nc: connection, team, instance: "a", service: "test", retryMs: 300 });
  await log.create(key, runSubmitted());
  const writer = await log.claim(key);
  const jsm = await jetstreamManager(connection);
  const { state } = await jsm.streams.info(RUNS);
  await jsm.streams.update(RUNS, { max_msgs: state.messages });
  await expect(writer.append([note("1")])).rejects.toMatchObject({ code: "STORAGE_FULL", kind: "retryable" });
  await jsm.streams.update(RUNS, { max_msgs: -1 });
  await expect(writer.append([note("1")])).rejects.toMatchObject({ code: "STORAGE_FULL" });
  const again = await log.claim(key);
  await again.append([note("1")]);
  expect([...again.state.accepted]).toEqual(["1"]);
});
