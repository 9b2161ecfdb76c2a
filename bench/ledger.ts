/**
 * Entries per second of the ledger's commit path (archive, tiles, state record, checkpoint, each fsynced) beside the
 * floor that the disk sets: the same number of plain fsyncs. Run: node --conditions=@cofferdam/source bench/ledger.ts
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerStore } from "../apps/provenance-ledger/src/adapters/ledger-store.ts";
import type { SequencedEvent } from "../apps/provenance-ledger/src/domain/sequencer.ts";
import { canonicalJson, leafBytes, leafOf, logName, RunId, seal, sha256, Team } from "../libs/run-log/src/index.ts";
import { generateSigner } from "../libs/transparency-log/src/index.ts";

const team = Team("bench");
const key = { team, run: RunId("r1") };
const folder = mkdtempSync(join(tmpdir(), "cofferdam-bench-"));

function eventsOf(first: number, count: number): SequencedEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const envelope = seal(
      { type: "sandbox.lost", data: { sandboxId: `s${first + i}`, reason: "x".repeat(300) } },
      {
        team,
        service: "bench",
        log: logName(key),
        time: "2030-01-01T00:00:00Z",
        ordinal: first + i + 1,
        prevdigest: sha256(""),
        epoch: 1,
        owner: "bench",
      },
    );
    const bytes = Buffer.from(canonicalJson(envelope));
    return { index: first + i, sequence: first + i + 1, key, envelope, bytes, leaf: leafBytes(leafOf(envelope)) };
  });
}

async function commits(batch: number, count: number): Promise<number> {
  const signer = generateSigner("cofferdam.dev/ledger/bench/bench");
  const store = await LedgerStore.open({ folder: join(folder, `b${batch}`), signer, team, stream: "RUNS" });
  let spent = 0;
  for (let size = 0; size < batch * count; size += batch) {
    const events = eventsOf(size, batch);
    const position = { size: size + batch, lastSequence: size + batch, lastMessage: sha256("") };
    const begin = performance.now();
    await store.commit({ firstSequence: size + 1, position, events, voids: 0, divergence: undefined });
    spent += performance.now() - begin;
  }
  return spent / count;
}

function fsyncFloorMs(): number {
  const file = openSync(join(folder, "floor"), "w");
  const bytes = Buffer.alloc(4_096);
  const begin = performance.now();
  for (let i = 0; i < 200; i++) {
    writeSync(file, bytes);
    fdatasyncSync(file);
  }
  closeSync(file);
  return (performance.now() - begin) / 200;
}

try {
  const floor = fsyncFloorMs();
  process.stdout.write(
    `${availableParallelism()} cores, node ${process.version}, fdatasync of 4 KiB ${floor.toFixed(2)} ms\n`,
  );
  for (const [batch, count] of [
    [1, 200],
    [10, 200],
    [100, 100],
    [1000, 20],
  ] as const) {
    const ms = await commits(batch, count);
    const rate = Math.round((1000 * batch) / ms);
    process.stdout.write(
      `batch ${batch}: ${ms.toFixed(1)} ms a commit, ${rate} entries/s, ${(ms / floor).toFixed(1)} fsyncs' time\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
