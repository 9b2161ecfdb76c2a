import { type Finding, verifyRun, type VerifyRunResult } from "@cofferdam/evidence";
import { createBlobStore, fileStore, isDigest, type ObjectStore } from "@cofferdam/storage";
import { checkStore, snapshotVerifier } from "@cofferdam/workspace-tree";
import type { Home } from "../local/home.ts";
import type { LedgerVerdict } from "../render/report-data.ts";
import { trustedVerifierKey } from "./trusted-key.ts";

export interface VerifyHomeOptions {
  /** Only this run's end, bodies and outputs; all when absent. The ledger itself is checked whole. */
  readonly run?: string | undefined;
  /** Another ledger's folder; this home's when absent. */
  readonly ledgerDir?: string | undefined;
  /** Key that is trusted; this home's when absent. */
  readonly key?: string | undefined;
}

/** Verifies from files alone: no service is asked, so that none has to be believed. */
export async function verifyHome(home: Home, options: VerifyHomeOptions): Promise<VerifyRunResult> {
  const store = fileStore(home.objects);
  const verify = await snapshotVerifier(store);
  const result = await verifyRun({
    ledgerDir: options.ledgerDir ?? home.ledger,
    verifierKey: trustedVerifierKey(home, options.key),
    run: options.run,
    blobs: createBlobStore(store),
    verifySnapshot: async (digest) => {
      if (!isDigest(digest)) return ["this is no digest"];
      const problems: string[] = [];
      for await (const { message } of verify(digest)) problems.push(message);
      return problems;
    },
  });
  return options.run === undefined
    ? { ...result, findings: [...result.findings, ...(await storeFindings(store))] }
    : result;
}

/** Where everything is verified, also what no run names: a pack may hold what the next run will build on. */
async function storeFindings(store: ObjectStore): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const { object, digest, message } of checkStore(store)) {
    findings.push({ kind: "snapshot", place: object ?? digest ?? "snapshot store", problem: message });
  }
  return findings;
}

export function verdictOf(result: VerifyRunResult): LedgerVerdict {
  const { findings, checked, skipped, runs, checkpoint } = result;
  if (findings.length > 0 || checkpoint === undefined) return { state: "failed", findings };
  const entries = runs.reduce((sum, run) => sum + run.entries, 0);
  return { state: "verified", entries, treeSize: checkpoint.size, root: checkpoint.root, checked, skipped };
}
