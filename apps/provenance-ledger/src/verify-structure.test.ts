import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { compareWithRunLog, type Finding, verifyFile, verifyRun } from "@cofferdam/evidence";
import { Team } from "@cofferdam/run-log";
import {
  generateSigner,
  leafHash,
  type NoteSigner,
  openCheckpoint,
  parseVerifierKey,
  readKeyFile,
} from "@cofferdam/transparency-log";
import { LedgerStore } from "./adapters/ledger-store.ts";
import type { StreamMessage } from "./domain/sequencer.ts";
import { archivedMessages, forced } from "./testing/archived-messages.ts";
import { type SampleLedger, writeSampleLedger } from "./testing/sample-ledger.ts";

const team = Team("acme");
const root = mkdtempSync(join(tmpdir(), "cofferdam-structure-"));
let sample: SampleLedger;
let signer: NoteSigner;
let messages: StreamMessage[];

beforeAll(async () => {
  sample = await writeSampleLedger(team, { r1: 2, r2: 3 });
  signer = readKeyFile(sample.keyFile) ?? generateSigner("none");
  messages = await archivedMessages(sample.ledgerDir, team, 65);
});
afterAll(async () => {
  await sample.close();
  rmSync(root, { recursive: true });
});

let count = 0;

/** A ledger of any messages, signed with the true key: what a dishonest operator could make. */
async function forge(changed: readonly StreamMessage[]): Promise<string> {
  const folder = join(root, `forged-${count++}`);
  const store = await LedgerStore.open({ folder, signer, team, stream: "RUNS" });
  const position = { size: changed.length, lastSequence: 65, lastMessage: `sha256:${"0".repeat(64)}` } as const;
  await store.commit({ firstSequence: 1, position, events: forced(changed, team), voids: 0, divergence: undefined });
  return folder;
}

const kinds = (findings: readonly Finding[]) => [...new Set(findings.map((f) => f.kind))];
const verify = async (folder: string, run?: string) => (await sample.verify(run, folder)).findings;

test("a forged ledger of the true messages verifies: the control of the tests below", async () => {
  expect(messages).toHaveLength(65);
  expect(await verify(await forge(messages))).toEqual([]);
});

test("each single event dropped, even by the holder of the key, is found", async () => {
  for (let i = 0; i < messages.length; i++) {
    const findings = await verify(await forge(messages.toSpliced(i, 1)));
    expect({ i, found: findings.length > 0 }).toEqual({ i, found: true });
  }
});

test("an event repeated, or two swapped, is found", async () => {
  for (let i = 0; i < messages.length; i += 3) {
    const [one, next] = [messages[i], messages[i + 1]];
    if (one === undefined || next === undefined) continue;
    expect(kinds(await verify(await forge(messages.toSpliced(i, 0, one))))).toContain("chain");
    expect(await verify(await forge(messages.toSpliced(i, 2, next, one)))).not.toEqual([]);
  }
});

test("a task's log, or the end of a run, taken away is found", async () => {
  const without = (part: string) => messages.filter((m) => !m.subject.includes(part));
  expect(await verify(await forge(without("run.r1.task.t001.")))).toMatchObject([
    { kind: "completeness", problem: "log r1/t001, which it ends, is not in the ledger" },
  ]);
  const r2End = messages.findLastIndex((m) => m.subject.includes("run.r2.log"));
  expect(kinds(await verify(await forge(messages.slice(0, r2End))))).toEqual(["completeness"]);
  expect(await verify(sample.ledgerDir, "r3")).toMatchObject([{ kind: "completeness", place: "r3" }]);
});

/** The sample ledger with files exchanged, without the key. */
function tampered(change: (folder: string) => void): string {
  const folder = join(root, `tampered-${count++}`);
  cpSync(sample.ledgerDir, folder, { recursive: true });
  change(folder);
  return folder;
}

test("a checkpoint, a state record, or both rolled back are found", async () => {
  const older = await forge(messages.slice(0, 30));
  const roll = (...names: readonly string[]) =>
    tampered((folder) => names.forEach((name) => cpSync(join(older, name), join(folder, name))));
  expect(await verify(roll("checkpoint"))).toMatchObject([{ kind: "checkpoint", place: "checkpoint" }]);
  expect(kinds(await verify(roll("state")))).toContain("state");
  const both = await verify(roll("state", "checkpoint"));
  expect(kinds(both)).toContain("uncommitted");
  expect(both.map((f) => f.place)).toContain("events/000");
});

test("a checkpoint or record of another key is found", async () => {
  const other = generateSigner(signer.name);
  const store = await LedgerStore.open({ folder: join(root, "other"), signer: other, team, stream: "RUNS" });
  const position = { size: 65, lastSequence: 65, lastMessage: "" } as const;
  await store.commit({ firstSequence: 1, position, events: forced(messages, team), voids: 0, divergence: undefined });
  expect(kinds(await verify(join(root, "other")))).toEqual(["checkpoint", "state"]);
});

test("lines of the archive swapped, dropped, repeated or added, without the key, are found", async () => {
  const edits: ((lines: string[]) => string[])[] = [
    (lines) => lines.toSpliced(10, 2, lines[11] ?? "", lines[10] ?? ""),
    (lines) => lines.toSpliced(10, 1),
    (lines) => lines.toSpliced(10, 0, lines[10] ?? ""),
    (lines) => [...lines, lines[10] ?? ""],
  ];
  for (const edit of edits) {
    const folder = tampered((at) => {
      const path = join(at, "events/000");
      writeFileSync(path, `${edit(readFileSync(path, "utf8").trimEnd().split("\n")).join("\n")}\n`);
    });
    expect((await verify(folder)).map((f) => f.place)).toContain("events/000");
  }
});

test("a file that no ledger writes is named", async () => {
  const folder = tampered((at) => writeFileSync(join(at, "tile/0/notes.txt"), "x"));
  expect(await verify(folder)).toEqual([{ kind: "stray", place: "tile/0/notes.txt", problem: "no file of a ledger" }]);
});

test("a published file is traced to its run and proved; a changed copy is traced to none", async () => {
  const { ledgerDir, verifierKey, folders } = sample;
  const path = join(folders.outputs, "r2", "data/rows.jsonl");
  const { publications } = await verifyFile(path, { ledgerDir, verifierKey });
  expect(publications).toMatchObject([{ run: "r2", output: "results", treeSize: 65 }]);
  expect(publications[0]?.location.endsWith("/r2/data/rows.jsonl")).toBe(true);
  const copy = join(root, "copy.jsonl");
  writeFileSync(copy, `${readFileSync(path, "utf8")} `);
  expect((await verifyFile(copy, { ledgerDir, verifierKey })).publications).toEqual([]);
  expect(openCheckpoint(publications[0]?.checkpoint ?? "", parseVerifierKey(verifierKey)).root).not.toEqual(
    leafHash(Buffer.of()),
  );
});

test("without means to check blobs and snapshots the result says so", async () => {
  const { ledgerDir, verifierKey } = sample;
  const { skipped, checked } = await verifyRun({ ledgerDir, verifierKey, run: "r1" });
  expect(skipped).toEqual(["blobs", "snapshots"]);
  expect([checked.blobs, checked.snapshots]).toEqual([0, 0]);
});

test("the archive equals the stream, and a forged one does not", async () => {
  const { ledgerDir, verifierKey, nats } = sample;
  const nc = await nats.connect();
  expect(await compareWithRunLog(nc, { ledgerDir, verifierKey })).toEqual({ findings: [], messages: 65, behind: 0 });
  expect((await compareWithRunLog(nc, { ledgerDir, verifierKey, run: "r1" })).findings).toEqual([]);
  const dropped = await forge(messages.toSpliced(20, 1));
  expect((await compareWithRunLog(nc, { ledgerDir: dropped, verifierKey })).findings).toMatchObject([
    { kind: "run-log", place: "RUNS 21" },
  ]);
  const older = await forge(messages.slice(0, 30));
  expect(await compareWithRunLog(nc, { ledgerDir: older, verifierKey })).not.toMatchObject({ findings: [] });
});
