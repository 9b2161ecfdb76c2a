import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Finding, FindingKind } from "@cofferdam/evidence";
import { Team } from "@cofferdam/run-log";
import { type SampleLedger, writeSampleLedger } from "./testing/sample-ledger.ts";

let sample: SampleLedger;
beforeAll(async () => {
  sample = await writeSampleLedger(Team("acme"), { r1: 3, r2: 55 });
});
afterAll(() => sample.close());

interface Stored {
  readonly file: string;
  /** What a change of this file must be found as, and under which name. */
  readonly kind: FindingKind;
  readonly place: string;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Every file that holds evidence. Caches are no evidence and left out by name, so that a new kind of file fails here. */
function everyStoredFile(): Stored[] {
  const { ledgerDir, folders } = sample;
  const ledger = filesIn(ledgerDir).flatMap((file): Stored[] => {
    const place = relative(ledgerDir, file);
    if (/^(?:index\.sqlite.*|audit-cursor|lock)$/.test(place)) return [];
    return [{ file, place, kind: kindOfLedgerFile(place) }];
  });
  const blobs = filesIn(folders.blobs).map((file): Stored => ({
    file,
    kind: "blob",
    place: `sha256:${relative(folders.blobs, file)}`,
  }));
  const outputs = filesIn(folders.outputs).map((file): Stored => ({
    file,
    kind: file.endsWith(".commit.json") ? "commit" : "output",
    place: pathToFileURL(file).href,
  }));
  return [...ledger, ...blobs, ...outputs];
}

function kindOfLedgerFile(place: string): FindingKind {
  if (place === "state" || place === "checkpoint") return place;
  if (place.startsWith("tile/entries/")) return "entry";
  if (place.startsWith("tile/")) return "tile";
  if (place.startsWith("events/")) return "event";
  throw new TypeError(`${place} is a kind of file that this test does not know`);
}

/** First, last and some random bytes. */
function offsets(size: number, count: number): number[] {
  const random = Array.from({ length: count }, () => Math.floor(Math.random() * size));
  return [...new Set([0, size - 1, ...random])].slice(0, count);
}

/** Flips one bit, `at` from 0 to 1 of the way through. */
function flip(original: Uint8Array, at: number): Uint8Array {
  const flipped = Buffer.from(original);
  const offset = Math.min(flipped.length - 1, Math.round(at * flipped.length));
  flipped[offset] = (flipped[offset] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
  return flipped;
}

/** Flips a bit at each of some places of each file; returns the changes that were not found under their kind and name. */
async function unnoticed(
  stored: readonly Stored[],
  count: number,
  look: () => Promise<readonly Finding[]>,
): Promise<string[]> {
  const missed: string[] = [];
  for (const { file, kind, place } of stored) {
    const original = readFileSync(file);
    for (const offset of offsets(original.length, count)) {
      writeFileSync(file, flip(original, offset / original.length));
      const findings = await look();
      if (!findings.some((f) => f.kind === kind && f.place === place))
        missed.push(`${place} at ${offset}: ${JSON.stringify(findings)}`);
    }
    writeFileSync(file, original);
  }
  return missed;
}

const lookAtAll = async () => (await sample.verify()).findings;

test("an honest ledger verifies, and everything was looked at", async () => {
  const { findings, checked, skipped, runs } = await sample.verify();
  expect(findings).toEqual([]);
  expect(skipped).toEqual([]);
  expect(runs).toEqual([
    { run: "r1", status: "completed", entries: 35 },
    { run: "r2", status: "completed", entries: 295 },
  ]);
  const stored = everyStoredFile();
  const count = (...kinds: FindingKind[]) => stored.filter((s) => kinds.includes(s.kind)).length;
  expect(checked).toEqual({
    entries: 330,
    events: 330,
    tiles: count("tile", "entry"),
    blobs: count("blob"),
    outputs: count("output", "commit"),
    snapshots: sample.snapshots.size,
  });
});

test("a flipped bit in any file of the ledger, and in any output, is found and named", async () => {
  const stored = everyStoredFile().filter((s) => s.kind !== "blob");
  expect(new Set(stored.map((s) => s.kind))).toEqual(
    new Set(["state", "checkpoint", "tile", "entry", "event", "output", "commit"]),
  );
  expect(await unnoticed(stored, 5, lookAtAll)).toEqual([]);
}, 240_000);

test("a flipped bit in each blob is found, and each blob is named", async () => {
  const blobs = everyStoredFile().filter((s) => s.kind === "blob");
  const originals = blobs.map(({ file }) => readFileSync(file));
  blobs.forEach(({ file }, i) => writeFileSync(file, flip(originals[i] ?? Buffer.of(), Math.random())));
  const found = (await lookAtAll()).filter((f) => f.kind === "blob").map((f) => f.place);
  blobs.forEach(({ file }, i) => writeFileSync(file, originals[i] ?? Buffer.of()));
  expect(new Set(found)).toEqual(new Set(blobs.map((s) => s.place)));
});

test("control: if verification skipped a kind, these tests would notice", async () => {
  const perKind = Map.groupBy(everyStoredFile(), (s) => s.kind);
  expect(perKind.size).toBe(8);
  for (const [kind, stored] of perKind) {
    const blind = async () => (await lookAtAll()).filter((f) => f.kind !== kind);
    expect(await unnoticed(stored.slice(0, 1), 1, blind)).toHaveLength(1);
  }
});

test("a missing file of any kind is found and named", async () => {
  const missed: string[] = [];
  for (const { file, kind, place } of everyStoredFile().filter((s, i) => s.kind !== "blob" || i % 10 === 0)) {
    const original = readFileSync(file);
    rmSync(file);
    const findings = await lookAtAll();
    writeFileSync(file, original);
    // Older partial forms of a tile serve clients with an older checkpoint; nothing is lost without them.
    const isOlderForm = /\.p\/\d+$/.test(place) && findings.length === 0;
    if (!isOlderForm && !findings.some((f) => f.kind === kind && f.place === place))
      missed.push(`${place}: ${JSON.stringify(findings)}`);
  }
  expect(missed).toEqual([]);
}, 240_000);
