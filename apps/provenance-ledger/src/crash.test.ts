import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { jetstream } from "@nats-io/jetstream";
import { evidence } from "@cofferdam/contracts";
import { compareWithRunLog, verifyAuditMessage, verifyRun } from "@cofferdam/evidence";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { ensureStreams, Team } from "@cofferdam/run-log";
import { Address, connect, rpc } from "@cofferdam/service";
import { readKeyFile } from "@cofferdam/transparency-log";
import { sampleBlobs, writeSampleRun } from "./testing/sample-run.ts";

const KILLS = 8;
/** Between runs, so that there is work the whole time and not too much of it. */
const PAUSE_MS = 200;
const team = Team("acme");
const folder = mkdtempSync(join(tmpdir(), "cofferdam-crash-"));
const folders = { blobs: join(folder, "objects"), outputs: join(folder, "results") };
const [dataDir, keyFile, logFile] = [join(folder, "ledger"), join(folder, "key"), join(folder, "log")];
const address = Address(`unix:${join(folder, "l.sock")}`);
let nats: TestNats;
let child: ChildProcess;

beforeAll(async () => {
  nats = await withNats();
});
afterAll(async () => {
  child.kill("SIGKILL");
  await nats.close();
  rmSync(folder, { recursive: true });
});

function start(): void {
  child = spawn(process.execPath, ["--conditions=@cofferdam/source", join(import.meta.dirname, "main.ts")], {
    env: {
      COFFERDAM_TEAM: team,
      COFFERDAM_NATS_URL: nats.url,
      COFFERDAM_NATS_TOKEN_FILE: nats.tokenFile,
      COFFERDAM_LISTEN: address,
      COFFERDAM_DATA_DIR: dataDir,
      COFFERDAM_KEY_FILE: keyFile,
      COFFERDAM_LOG_LEVEL: "debug",
      COFFERDAM_LOG_FILE: logFile,
    },
    stdio: "ignore",
  });
}

async function kill(): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** How many commits all processes together have logged. */
const commits = (): number =>
  (existsSync(logFile) ? readFileSync(logFile, "utf8") : "").split("ledger.committed").length - 1;

async function commitBeyond(count: number): Promise<void> {
  while (commits() <= count) await sleep(5);
}

test("kill -9 at any moment loses and doubles no event, in the ledger and for auditors", async () => {
  const nc = await nats.connect();
  await ensureStreams(nc);
  let written = 0;
  const enough = new AbortController();
  const writing = (async () => {
    while (!enough.signal.aborted) {
      await writeSampleRun(nc, team, `r${written++}`, 6, folders);
      await sleep(PAUSE_MS);
    }
  })();
  for (let i = 0; i < KILLS; i++) {
    const before = commits();
    start();
    // Most are killed at work, some while they start and recover.
    if (i % 4 !== 3) await commitBeyond(before);
    await sleep(Math.random() * 400);
    await kill();
  }
  enough.abort();
  await writing;
  start();
  const client = connect(evidence.EvidenceServiceClient, address);
  for (let i = 0; i < written; i++) await waitFor(client, `r${i}`);
  const { treeSize, verifierKey } = await rpc(client.getCheckpoint.bind(client), {});
  client.close();

  expect(treeSize).toBe(written * 50);
  expect(await auditedIndexes(verifierKey, treeSize)).toEqual(Array.from({ length: treeSize }, (_, i) => i));
  const signal = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect(await signal).toBe(0);
  expect(readKeyFile(keyFile)?.verifierKey).toBe(verifierKey);
  const { findings, checked } = await verifyRun({ ledgerDir: dataDir, verifierKey, blobs: sampleBlobs(folders) });
  expect(findings).toEqual([]);
  expect(checked.entries).toBe(treeSize);
  expect(await compareWithRunLog(nc, { ledgerDir: dataDir, verifierKey })).toEqual({
    findings: [],
    messages: treeSize,
    behind: 0,
  });
}, 180_000);

/** The server may just be coming up again. */
async function waitFor(client: evidence.EvidenceServiceClient, runId: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rpc(client.awaitRun.bind(client), { runId }, { timeoutMs: 30_000 });
      return;
    } catch (error) {
      if (attempt > 50) throw error;
      await sleep(200);
    }
  }
}

async function auditedIndexes(verifierKey: string, count: number): Promise<number[]> {
  const js = jetstream(await nats.connect());
  const messages = await (await js.consumers.get("AUDIT")).consume();
  const indexes: number[] = [];
  for await (const message of messages) {
    indexes.push(verifyAuditMessage(message.data, verifierKey).index);
    if (indexes.length >= count && message.info.pending === 0) break;
  }
  return indexes;
}
