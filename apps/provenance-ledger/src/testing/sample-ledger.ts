import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evidence } from "@cofferdam/contracts";
import { verifyRun, type VerifyRunResult } from "@cofferdam/evidence";
import { type TestNats, withNats } from "@cofferdam/nats-local/testing";
import { type Team } from "@cofferdam/run-log";
import { Address, connect, rpc, silentLogger } from "@cofferdam/service";
import { createProvenanceLedger } from "../service.ts";
import { sampleBlobs, type SampleFolders, writeSampleRun } from "./sample-run.ts";

/** A ledger at rest, written by the service from a real stream, with all that its events name. */
export interface SampleLedger {
  readonly folder: string;
  readonly ledgerDir: string;
  readonly keyFile: string;
  readonly verifierKey: string;
  readonly folders: SampleFolders;
  readonly snapshots: ReadonlySet<string>;
  readonly nats: TestNats;
  verify(run?: string, ledgerDir?: string): Promise<VerifyRunResult>;
  close(): Promise<void>;
}

export async function writeSampleLedger(team: Team, runs: Readonly<Record<string, number>>): Promise<SampleLedger> {
  const folder = mkdtempSync(join(tmpdir(), "cofferdam-ledger-"));
  const folders = { blobs: join(folder, "objects"), outputs: join(folder, "results") };
  const ledgerDir = join(folder, "ledger");
  const keyFile = join(folder, "ledger.key");
  const nats = await withNats();
  const address = Address(`unix:${join(folder, "l.sock")}`);
  const nc = await nats.connect("ledger");
  const ledger = await createProvenanceLedger({ address, nc, dataDir: ledgerDir, team, keyFile, logger: silentLogger });
  const client = connect(evidence.EvidenceServiceClient, ledger.address);
  const snapshots = new Set<string>();
  for (const [run, steps] of Object.entries(runs)) {
    const sample = await writeSampleRun(nc, team, run, steps, folders);
    for (const digest of sample.snapshots) snapshots.add(digest);
    await rpc(client.awaitRun.bind(client), { runId: run });
  }
  client.close();
  await ledger.close();
  const { verifierKey } = ledger;
  const blobs = sampleBlobs(folders);
  const verifySnapshot = async (digest: string) => (snapshots.has(digest) ? [] : ["not stored"]);
  return {
    folder,
    ledgerDir,
    keyFile,
    verifierKey,
    folders,
    snapshots,
    nats,
    verify: (run, dir = ledgerDir) => verifyRun({ ledgerDir: dir, verifierKey, run, blobs, verifySnapshot }),
    close: async () => {
      await nats.close();
      rmSync(folder, { recursive: true });
    },
  };
}
