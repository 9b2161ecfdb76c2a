import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { jetstream } from "@nats-io/jetstream";
import { evidence } from "@cofferdam/contracts";
import { verifyAuditMessage, verifyRun } from "@cofferdam/evidence";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { Team } from "@cofferdam/run-log";
import { Address, connect, rpc, silentLogger } from "@cofferdam/service";
import {
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
} from "@cofferdam/transparency-log";
import { createProvenanceLedger, type ProvenanceLedger } from "./index.ts";
import { sampleBlobs, writeSampleRun } from "./testing/sample-run.ts";

const team = Team("acme");
const folder = mkdtempSync(join(tmpdir(), "cofferdam-ledger-"));
const folders = { blobs: join(folder, "objects"), outputs: join(folder, "results") };
const dataDir = join(folder, "ledger");
let nats: TestNats;
let ledger: ProvenanceLedger;
let client: evidence.EvidenceServiceClient;

async function start(): Promise<void> {
  ledger = await createProvenanceLedger({
    address: Address(`unix:${join(folder, "l.sock")}`),
    nc: await nats.connect("ledger"),
    dataDir,
    team,
    keyFile: join(folder, "ledger.key"),
    logger: silentLogger,
  });
  client = connect(evidence.EvidenceServiceClient, ledger.address);
}

async function stop(): Promise<void> {
  client.close();
  await ledger.close();
}

beforeAll(async () => {
  nats = await withNats();
  await start();
});

afterAll(async () => {
  await stop();
  await nats.close();
  rmSync(folder, { recursive: true });
});

test("an empty ledger has a signed checkpoint of size 0", async () => {
  const { checkpoint, verifierKey } = await rpc(client.getCheckpoint.bind(client), {});
  expect(openCheckpoint(checkpoint, parseVerifierKey(verifierKey)).size).toBe(0);
});

test("a run can be awaited, and each of its events proved", async () => {
  const waiting = rpc(client.awaitRun.bind(client), { runId: "r1" }, { timeoutMs: 20_000 });
  await writeSampleRun(await nats.connect(), team, "r1", 3, folders);
  const { entries, checkpoint } = await waiting;
  const verifier = parseVerifierKey(ledger.verifierKey);
  const { size, root } = openCheckpoint(checkpoint, verifier);
  expect(size).toBe(entries);
  expect(entries).toBe(35);
  for (let index = 0; index < size; index++) {
    const proof = await rpc(client.proveInclusion.bind(client), { index, log: "", ordinal: 0, treeSize: 0 });
    verifyInclusion(leafHash(proof.leaf), index, size, proof.hashes, root);
  }
  const byLog = await rpc(client.proveInclusion.bind(client), {
    index: undefined,
    log: "r1/t001",
    ordinal: 2,
    treeSize: 30,
  });
  expect(JSON.parse(byLog.leaf.toString())).toMatchObject({
    subject: "r1/t001",
    ordinal: 2,
    type: "cofferdam.run.claimed",
  });
});

test("the tree only grows: consistent over a restart, with the same key", async () => {
  const before = await rpc(client.getCheckpoint.bind(client), {});
  await stop();
  await start();
  const verifier = parseVerifierKey(ledger.verifierKey);
  const first = openCheckpoint(before.checkpoint, verifier);
  await writeSampleRun(await nats.connect(), team, "r2", 60, folders);
  const { checkpoint } = await rpc(client.awaitRun.bind(client), { runId: "r2" });
  const second = openCheckpoint(checkpoint, verifier);
  const { hashes } = await rpc(client.proveConsistency.bind(client), {
    firstSize: first.size,
    secondSize: second.size,
  });
  verifyConsistency(first.size, second.size, first.root, second.root, hashes);
  expect(second.size).toBeGreaterThan(256);
});

test("auditors get every event once, in order, each proved by itself", async () => {
  const { treeSize } = await rpc(client.getCheckpoint.bind(client), {});
  const js = jetstream(await nats.connect());
  const messages = await (await js.consumers.get("AUDIT", { filter_subjects: "cofferdam.acme.audit.>" })).consume();
  const indexes: number[] = [];
  for await (const message of messages) {
    const audited = verifyAuditMessage(message.data, ledger.verifierKey);
    expect(message.subject).toBe(`cofferdam.acme.audit.${audited.event.type}`);
    indexes.push(audited.index);
    if (indexes.length === treeSize) break;
  }
  expect(indexes).toEqual(Array.from({ length: treeSize }, (_, i) => i));
});

test("a run verifies while the ledger goes on taking in others", async () => {
  const nc = await nats.connect();
  const writing = (async () => {
    for (let i = 0; i < 6; i++) await writeSampleRun(nc, team, `w${i}`, 12, folders);
  })();
  const { verifierKey } = ledger;
  const written = new AbortController();
  void writing.finally(() => written.abort());
  let rounds = 0;
  do {
    const { findings, checked } = await verifyRun({
      ledgerDir: dataDir,
      verifierKey,
      run: "r2",
      blobs: sampleBlobs(folders),
    });
    expect(findings).toEqual([]);
    expect(checked.blobs).toBe(181);
    rounds++;
  } while (!written.signal.aborted);
  await writing;
  expect(rounds).toBeGreaterThan(1);
});

test("a nats-server that crashes and comes back is followed on", async () => {
  await nats.crashAndRestart();
  await writeSampleRun(await nats.connect(), team, "after", 2, folders);
  const { entries } = await rpc(client.awaitRun.bind(client), { runId: "after" });
  expect(entries).toBe(30);
});

test("what is not there is named, not invented", async () => {
  await expect(rpc(client.getEntry.bind(client), { index: 10_000 })).rejects.toMatchObject({
    status: "NOT_FOUND",
    reason: "NOT_IN_LEDGER",
  });
  await expect(
    rpc(client.proveInclusion.bind(client), { index: undefined, log: "r9", ordinal: 1, treeSize: 0 }),
  ).rejects.toMatchObject({ reason: "NOT_IN_LEDGER" });
  await expect(rpc(client.proveConsistency.bind(client), { firstSize: 5, secondSize: 2 })).rejects.toMatchObject({
    reason: "SIZES_NOT_IN_ORDER",
  });
  await expect(rpc(client.awaitRun.bind(client), { runId: "no such" })).rejects.toMatchObject({
    reason: "RUN_ID_MALFORMED",
  });
  await expect(rpc(client.awaitRun.bind(client), { runId: "absent" }, { timeoutMs: 300 })).rejects.toMatchObject({
    status: "DEADLINE_EXCEEDED",
  });
});

test("a second ledger on the same folder is refused", async () => {
  const second = createProvenanceLedger({
    address: Address(`unix:${join(folder, "l2.sock")}`),
    nc: await nats.connect("second"),
    dataDir,
    team,
    keyFile: join(folder, "ledger.key"),
    logger: silentLogger,
  });
  await expect(second).rejects.toMatchObject({ code: "IN_USE" });
});
