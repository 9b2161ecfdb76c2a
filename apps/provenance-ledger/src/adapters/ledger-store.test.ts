import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { verifyRun } from "@cofferdam/evidence";
import { sha256, Team } from "@cofferdam/run-log";
import { generateSigner } from "@cofferdam/transparency-log";
import { LogStates } from "../domain/log-states.ts";
import { type Batch, sequence, type StreamMessage } from "../domain/sequencer.ts";
import { archivedMessages } from "../testing/archived-messages.ts";
import { writeSampleLedger } from "../testing/sample-ledger.ts";
import { LedgerStore } from "./ledger-store.ts";

const team = Team("acme");
const signer = generateSigner("cofferdam.dev/ledger/acme/test");
const root = mkdtempSync(join(tmpdir(), "cofferdam-store-"));
let messages: StreamMessage[];

beforeAll(async () => {
  const sample = await writeSampleLedger(team, { r1: 60, r2: 60 });
  messages = await archivedMessages(sample.ledgerDir, team, 640);
  await sample.close();
});
afterAll(() => rmSync(root, { recursive: true }));

type Files = ReadonlyMap<string, Uint8Array>;

function readAll(folder: string): Files {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const paths = found.map((e) => join(e.parentPath, e.name)).sort();
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path)]));
}

function writeAll(folder: string, files: Files): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** Digests by path: comparing bytes one by one is what Jest is slow at. */
const digests = (files: Files): Record<string, string> =>
  Object.fromEntries([...files].map(([path, bytes]) => [path, sha256(bytes)]));

const open = (folder: string) => LedgerStore.open({ folder, signer, team, stream: "RUNS" });

/** Batches of the messages, cut where asked. */
async function batches(cuts: readonly number[]): Promise<Batch[]> {
  const states = new LogStates(async function* () {});
  const found: Batch[] = [];
  let position = { size: 0, lastSequence: 0, lastMessage: "" as const };
  let from = 0;
  for (const to of cuts) {
    const batch: Batch = await sequence(found.at(-1)?.position ?? position, messages.slice(from, to), team, states);
    found.push(batch);
    from = to;
  }
  return found;
}

/**
 * What a crash inside a commit can leave: each new file there or not, the archive cut anywhere or with noise at its end,
 * temporary files; the state record old, as it is written last.
 */
function crashed(before: Files, after: Files, random: () => number): Files {
  const left = new Map(before);
  for (const [path, bytes] of after) {
    if (path === "state" || path === "checkpoint") continue;
    const old = before.get(path);
    if (path.startsWith("events/")) {
      const start = old?.length ?? 0;
      const end = start + Math.floor(random() * (bytes.length - start + 1));
      const torn = Buffer.from(bytes.subarray(0, end));
      if (random() < 0.3) torn.fill(0, start);
      if (end > 0) left.set(path, torn);
    } else if (random() < 0.5) left.set(path, bytes);
    else if (random() < 0.3) left.set(`${path}.tmp`, bytes.subarray(0, Math.floor(random() * bytes.length)));
  }
  // Partial tiles go only after the record: here they are all still there.
  return left;
}

test("after a crash anywhere in a commit the same messages lead to the same ledger", async () => {
  const folder = join(root, "crash");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 639 }), { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (cuts, randoms) => {
        const random = () => Number(randoms.next().value);
        rmSync(folder, { recursive: true, force: true });
        let store = await open(folder);
        for (const batch of await batches([...cuts.toSorted((a, b) => a - b), 640])) {
          const before = readAll(folder);
          await store.commit(batch);
          const after = readAll(folder);
          writeAll(folder, crashed(before, after, random));
          const recovered = await open(folder);
          expect(digests(readAll(folder))).toEqual(digests(before));
          await recovered.commit(batch);
          expect(digests(readAll(folder))).toEqual(digests(after));
          store = recovered;
        }
        const { findings, checked } = await verifyRun({
          ledgerDir: folder,
          verifierKey: signer.verifierKey,
          run: "none",
        });
        expect(findings.map((f) => f.kind)).toEqual(["completeness"]);
        expect(checked.entries).toBe(640);
      },
    ),
    { numRuns: 8 },
  );
});

test("a crash between state record and checkpoint publishes the record's checkpoint", async () => {
  const folder = join(root, "checkpoint");
  const store = await open(folder);
  const before = readAll(folder);
  const [batch] = await batches([100]);
  if (batch) await store.commit(batch);
  const after = readAll(folder);
  writeAll(folder, new Map([...after, ["checkpoint", before.get("checkpoint") ?? Buffer.of()]]));
  await open(folder);
  expect(digests(readAll(folder))).toEqual(digests(after));
});

test("a folder that is not what was signed is refused, and left as it is", async () => {
  const folder = join(root, "damaged");
  const store = await open(folder);
  for (const batch of await batches([100, 300])) await store.commit(batch);
  const good = readAll(folder);
  const older = join(root, "older");
  const olderStore = await open(older);
  for (const batch of await batches([100])) await olderStore.commit(batch);
  const damages: Record<string, (files: Map<string, Uint8Array>) => void> = {
    "state record lost": (files) => files.delete("state"),
    "state record changed": (files) => files.set("state", flipLast(files.get("state"))),
    "state record rolled back": (files) => files.set("state", readFileSync(join(older, "state"))),
    "tile changed": (files) => files.set("tile/0/001.p/44", flipLast(files.get("tile/0/001.p/44"))),
    "tile lost": (files) => files.delete("tile/1/000.p/1"),
    "entries changed": (files) => files.set("tile/entries/001.p/44", flipLast(files.get("tile/entries/001.p/44"))),
    "archive cut": (files) => files.set("events/001", (files.get("events/001") ?? Buffer.of()).subarray(0, 200)),
  };
  for (const [damage, apply] of Object.entries(damages)) {
    const files = new Map(good);
    apply(files);
    writeAll(folder, files);
    await expect(open(folder).then(() => damage)).rejects.toMatchObject({ code: "DAMAGED" });
    expect(digests(readAll(folder))).toEqual(digests(files));
  }
});

const flipLast = (bytes: Uint8Array = Buffer.of(0)): Uint8Array => {
  const flipped = Buffer.from(bytes);
  flipped[flipped.length - 3] = (flipped[flipped.length - 3] ?? 0) ^ 1;
  return flipped;
};
