import { FileTileStore, parseVerifierKey } from "@cofferdam/transparency-log";
import { type Finding, Findings } from "./finding.ts";
import { referencesOf } from "./references.ts";
import { teamOfLedger } from "./state-record.ts";
import { verifyFiles } from "./verify-files.ts";
import { readHead } from "./verify-head.ts";
import { LogVerifier, type RunEvidence, verifyCompleteness } from "./verify-logs.ts";
import {
  type BlobReader,
  Named,
  type SnapshotVerifier,
  verifyBlobs,
  verifyOutputs,
  verifySnapshots,
} from "./verify-references.ts";
import { verifyTree } from "./verify-tree.ts";

export interface VerifyRunOptions {
  /** Folder of the ledger. */
  readonly ledgerDir: string;
  /** C2SP verifier key of the ledger, from a source that is trusted apart from the folder. */
  readonly verifierKey: string;
  /** Run whose end, blobs, snapshots and outputs are checked; every run when absent. The ledger is checked whole. */
  readonly run?: string | undefined;
  /** Bodies are not checked without it. */
  readonly blobs?: BlobReader | undefined;
  /** Snapshots are not checked without it. */
  readonly verifySnapshot?: SnapshotVerifier | undefined;
}

export interface VerifyRunResult {
  /** Every difference; empty when all holds. */
  readonly findings: readonly Finding[];
  readonly checked: {
    readonly entries: number;
    readonly events: number;
    readonly blobs: number;
    /** Files of tiles and entry bundles. */
    readonly tiles: number;
    readonly snapshots: number;
    /** Published files and commit manifests. */
    readonly outputs: number;
  };
  /** What was not checked because no means were given. */
  readonly skipped: readonly ("blobs" | "snapshots")[];
  /** The runs that were checked, with their status and number of events. */
  readonly runs: readonly { readonly run: string; readonly status: string; readonly entries: number }[];
  /** Size and root that the ledger's key signs, if they could be read. */
  readonly checkpoint: { readonly size: number; readonly root: string } | undefined;
}

/**
 * Verifies a run, and the ledger that holds it, from files alone: signatures, every tile recomputed from its leaves, the
 * archive against the leaves, every log folded, and what the run's events name. Says all that differs, not only the first.
 * Throws only where the arguments are unusable.
 *
 * @example
 * const { findings } = await verifyRun({ ledgerDir, verifierKey, run: "r-1", blobs, verifySnapshot });
 * for (const { kind, place, problem } of findings) console.error(`${kind} ${place}: ${problem}`);
 */
export async function verifyRun(options: VerifyRunOptions): Promise<VerifyRunResult> {
  const { run, blobs, verifySnapshot } = options;
  const verifier = parseVerifierKey(options.verifierKey);
  const store = new FileTileStore(options.ledgerDir);
  const findings = new Findings();
  const head = await readHead(store, verifier, findings);
  const logs = new LogVerifier(teamOfLedger(verifier.name), findings);
  const named = new Named();
  const tree = await verifyTree(store, head, await store.list("tile"), findings, (entries) => {
    for (const { event } of entries) {
      if (event === undefined) continue;
      logs.take(event);
      const isWanted = run === undefined || event.decoded.envelope.subject.split("/")[0] === run;
      if (isWanted) named.add(event.index, referencesOf(event.decoded.event));
    }
  });
  await verifyFiles(store, verifier, findings);
  const runs = wantedRuns(logs, run, findings);
  for (const evidence of runs) verifyCompleteness(evidence, findings);
  const skipped: ("blobs" | "snapshots")[] = [];
  if (blobs === undefined) skipped.push("blobs");
  if (verifySnapshot === undefined) skipped.push("snapshots");
  const checked = {
    ...tree,
    blobs: blobs === undefined ? 0 : await verifyBlobs(named, blobs, findings),
    snapshots: verifySnapshot === undefined ? 0 : await verifySnapshots(named, verifySnapshot, findings),
    outputs: await verifyOutputs(named, findings),
  };
  return { findings: findings.list, checked, skipped, runs: runs.map(summaryOf), checkpoint: summaryOfHead(head) };
}

function wantedRuns(logs: LogVerifier, run: string | undefined, findings: Findings): RunEvidence[] {
  if (run === undefined) return [...logs.runs.values()];
  const evidence = logs.runs.get(run);
  if (evidence === undefined) findings.add("completeness", run, `the ledger has no event of run ${run}`);
  return evidence === undefined ? [] : [evidence];
}

const summaryOf = ({ run, logs, entries }: RunEvidence) => ({
  run,
  status: logs.get(run)?.status ?? "absent",
  entries,
});

const summaryOfHead = ({ checkpoint }: Awaited<ReturnType<typeof readHead>>) =>
  checkpoint === undefined
    ? undefined
    : { size: checkpoint.size, root: Buffer.from(checkpoint.root).toString("base64") };
