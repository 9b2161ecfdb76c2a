import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { evidence } from "@cofferdam/contracts";
import { verifyRun } from "@cofferdam/evidence";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { canonicalJson, type Envelope, logSubject, openRunLog, RunId, sha256, Team } from "@cofferdam/run-log";
import { Address, connect, type Logger, rpc, silentLogger } from "@cofferdam/service";
import { generateSigner } from "@cofferdam/transparency-log";
import { Ledger } from "./ledger.ts";
import { createProvenanceLedger } from "./service.ts";
import { writeSampleRun } from "./testing/sample-run.ts";

const team = Team("acme");
const signer = generateSigner("cofferdam.dev/ledger/acme/test");
let folder: string;
let nats: TestNats;
let nc: NatsConnection;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cofferdam-diverge-"));
  nats = await withNats();
  nc = await nats.connect();
});
afterEach(async () => {
  await nats.close();
  rmSync(folder, { recursive: true });
});

/** A stream that, unlike the real one, lets messages be removed: the tests play the engine that loses them. */
async function fragileStream(): Promise<void> {
  const jsm = await jetstreamManager(nc);
  await jsm.streams.add({
    name: "RUNS",
    subjects: ["cofferdam.*.run.*.log", "cofferdam.*.run.*.task.*.log"],
    allow_direct: true,
    allow_atomic: true,
  });
}

async function recreate(): Promise<void> {
  await (await jetstreamManager(nc)).streams.delete("RUNS");
  await fragileStream();
}

const writeRun = (run: string, steps = 2) =>
  writeSampleRun(nc, team, run, steps, { blobs: join(folder, "objects"), outputs: join(folder, "results") });

/** Lets a ledger work until `done`, and stops it. */
async function work(
  done: (ledger: Ledger) => boolean,
  logger: Logger = silentLogger,
  during = async () => {},
): Promise<Ledger> {
  const ledger = await Ledger.open({ nc, folder: join(folder, "ledger"), team, signer, logger });
  const stopping = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => done(ledger) && resolve();
  ledger.onChange(look);
  const running = ledger.run(stopping.signal);
  look();
  await during();
  await promise;
  stopping.abort();
  await running;
  ledger.index.close();
  return ledger;
}

const diverged = (ledger: Ledger) => ledger.divergence !== undefined;

test("a message missing from the middle freezes the ledger right before it", async () => {
  await fragileStream();
  await writeRun("r1");
  await (await jetstreamManager(nc)).streams.deleteMessage("RUNS", 20);
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_, message) => void errors.push(message) };
  const ledger = await work(diverged, logger);
  expect(ledger.divergence).toMatchObject({ kind: "gap", sequence: 21 });
  expect(ledger.state).toMatchObject({ lastSequence: 19, size: 19 });
  expect(errors).toEqual(["ledger.divergence"]);
  expect((await work(diverged)).divergence).toMatchObject({ kind: "gap" });
});

test("a stream that lost its tail freezes the ledger, at its start and at work", async () => {
  await fragileStream();
  await writeRun("r1");
  await work((ledger) => ledger.state.size === 30);
  await recreate();
  await writeRun("r1", 1);
  expect((await work(diverged)).divergence).toMatchObject({ kind: "rewind", sequence: 25 });
});

test("a stream that was replaced by a longer one freezes the ledger", async () => {
  await fragileStream();
  await writeRun("r1");
  await work((ledger) => ledger.state.size === 30);
  await recreate();
  await writeRun("other", 4);
  const ledger = await work(diverged);
  expect(ledger.divergence).toMatchObject({ kind: "fork", sequence: 30 });
  expect(ledger.state.size).toBe(30);
});

test("an event of a type that is not known yet freezes the ledger instead of dropping out", async () => {
  await fragileStream();
  const log = openRunLog({ nc, team, instance: "p1", service: "planner" });
  const key = { team, run: RunId("r1") };
  await writeRun("r1");
  await work((ledger) => ledger.state.size === 30);
  const other = { team, run: RunId("r2") };
  const state = await log.read(key);
  const { created, state: begun } = await log.create(other, { ...(state.submitted ?? raise()) });
  expect(created).toBe(true);
  const data = { anything: true };
  const [ordinal, epoch, owner] = [2, 0, "p1"];
  const envelope: Envelope = {
    specversion: "1.0",
    id: `r2#${ordinal}@${epoch}:${owner}`,
    source: "/cofferdam/acme/planner",
    type: "cofferdam.run.paused",
    subject: "r2",
    time: "2030-01-01T00:00:00.000Z",
    datacontenttype: "application/json",
    ordinal,
    prevdigest: begun.head.digest,
    epoch,
    owner,
    datadigest: sha256(canonicalJson(data)),
    data,
  };
  await jetstream(nc).publish(logSubject(other), canonicalJson(envelope));
  const ledger = await work(diverged);
  expect(ledger.divergence).toMatchObject({ kind: "unreadable", sequence: 32 });
  expect(ledger.state.size).toBe(31);
});

const raise = (): never => {
  throw new TypeError("the run was not submitted");
};

test("void messages are passed over, and are no divergence", async () => {
  await fragileStream();
  await writeRun("r1");
  await jetstream(nc).publish("cofferdam.acme.run.r1.log", "not an event");
  await jetstream(nc).publish("cofferdam.acme.run.R9.log", "not a log");
  await jetstream(nc).publish("cofferdam.beta.run.r1.log", "not of this team");
  await writeRun("r2");
  const ledger = await work(({ state }) => state.lastSequence === 63);
  expect(ledger.divergence).toBeUndefined();
  expect(ledger.state.size).toBe(60);
});

test("a disk that refuses to be written delays the ledger, and loses and doubles nothing", async () => {
  await fragileStream();
  await writeRun("r1");
  const obstacle = join(folder, "ledger", "tile", "0", "000.p");
  mkdirSync(dirname(obstacle), { recursive: true });
  writeFileSync(obstacle, "a file where a folder must be");
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (_, message) => void warnings.push(message) };
  const ledger = await work(
    ({ state }) => state.size === 60,
    logger,
    async () => {
      await sleep(700);
      rmSync(obstacle);
      await writeRun("r2");
    },
  );
  expect(ledger.divergence).toBeUndefined();
  expect(warnings).toContain("the run log could not be taken in; trying again");
  const { findings, checked } = await verifyRun({ ledgerDir: join(folder, "ledger"), verifierKey: signer.verifierKey });
  expect(findings).toEqual([]);
  expect(checked.entries).toBe(60);
});

test("a diverged ledger says so to callers, and still proves what it has signed", async () => {
  const address = Address(`unix:${join(folder, "l.sock")}`);
  const options = {
    address,
    nc,
    dataDir: join(folder, "ledger"),
    team,
    keyFile: join(folder, "key"),
    logger: silentLogger,
  };
  const ledger = await createProvenanceLedger(options);
  const client = connect(evidence.EvidenceServiceClient, address);
  await writeRun("r1");
  await rpc(client.awaitRun.bind(client), { runId: "r1" });
  const waiting = rpc(client.awaitRun.bind(client), { runId: "r2" });
  await (await jetstreamManager(nc)).streams.delete("RUNS");
  await expect(waiting).rejects.toMatchObject({ status: "FAILED_PRECONDITION", reason: "LEDGER_DIVERGED" });
  await expect(rpc(client.getCheckpoint.bind(client), {})).rejects.toMatchObject({
    metadata: { kind: "rewind", sequence: "0" },
  });
  expect((await rpc(client.proveInclusion.bind(client), { index: 3, log: "", ordinal: 0, treeSize: 0 })).treeSize).toBe(
    30,
  );
  expect((await rpc(client.awaitRun.bind(client), { runId: "r1" })).entries).toBe(30);
  client.close();
  await ledger.close();
});
