import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { AUDIT, ensureStreams, RUNS } from "./streams.ts";

let nats: TestNats;
let nc: NatsConnection;

beforeEach(async () => {
  nats = await withNats();
  nc = await nats.connect();
});
afterEach(() => nats.close());

test("streams are made once, by whoever comes first, and survive a restart unchanged", async () => {
  await Promise.all([ensureStreams(nc), ensureStreams(await nats.connect()), ensureStreams(await nats.connect())]);
  await nats.crashAndRestart();
  await expect(ensureStreams(await nats.connect())).resolves.toBeUndefined();
});

test("run logs can neither be deleted nor purged", async () => {
  await ensureStreams(nc);
  const jsm = await jetstreamManager(nc);
  await jsm.jetstream().publish("cofferdam.acme.run.r1.log", "x");
  await expect(jsm.streams.deleteMessage(RUNS, 1)).rejects.toThrow(/delete not permitted/);
  await expect(jsm.streams.purge(RUNS)).rejects.toThrow(/purge not permitted/);
});

test("a stream that is not as it must be is named with its setting, and not changed", async () => {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({ name: RUNS, subjects: ["cofferdam.*.run.*.log", "cofferdam.*.run.*.task.*.log"] });
  await expect(ensureStreams(nc)).rejects.toMatchObject({
    code: "STREAM_MISCONFIGURED",
    message: expect.stringContaining("discard"),
  });
});

test("a stream that acknowledges before it has written is refused", async () => {
  await ensureStreams(nc);
  const jsm = await jetstreamManager(nc);
  const { config } = await jsm.streams.info(AUDIT);
  await jsm.streams.delete(AUDIT);
  await jsm.streams.add({ ...config, persist_mode: "async" });
  await expect(ensureStreams(nc)).rejects.toMatchObject({
    code: "STREAM_MISCONFIGURED",
    message: expect.stringContaining("persist_mode"),
  });
});
