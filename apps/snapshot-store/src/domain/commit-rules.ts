import type { Digest } from "@cofferdam/storage";
import { type Catalog, chunksOf, type Tree } from "@cofferdam/workspace-tree";
import { SnapshotStoreError } from "./snapshot-store-error.ts";

/** What of the catalog the rules look at. */
type Known = Pick<Catalog, "chunk" | "snapshot" | "epoch">;

/** A few are named: enough to look for, not enough to burst a message. */
const NAMED = 20;

/** A snapshot is visible only when all that it names is durable. @throws SnapshotStoreError MISSING_CHUNKS, MISSING_PARENT */
export function requireComplete(known: Known, tree: Tree, parent: Digest | ""): void {
  if (parent !== "" && known.snapshot(parent) === undefined) {
    throw new SnapshotStoreError({
      code: "MISSING_PARENT",
      message: `commit: its parent ${parent} is no snapshot of this store`,
      mend: "commit the parent first, or none",
      metadata: { parent },
    });
  }
  const missing = new Set<Digest>();
  for (const entry of tree.entries) {
    if (entry.type !== "file") continue;
    for (const { digest } of chunksOf(entry)) if (known.chunk(digest) === undefined) missing.add(digest);
  }
  if (missing.size === 0) return;
  const digests = [...missing].slice(0, NAMED).join(",");
  throw new SnapshotStoreError({
    code: "MISSING_CHUNKS",
    message: `commit: ${missing.size} chunks that it names are not stored, e.g. ${digests.slice(0, 71)}`,
    mend: "ask Missing, then PutChunks, then Commit again",
    metadata: { digests, count: String(missing.size) },
  });
}

/** Whoever lost a log to a newer owner changes nothing any more. @throws SnapshotStoreError FENCED */
export function requireCurrentEpoch(known: Known, log: string, epoch: number): void {
  const highest = known.epoch(log);
  if (highest === undefined || epoch >= highest) return;
  throw new SnapshotStoreError({
    code: "FENCED",
    message: `commit for log ${log} under epoch ${epoch}: epoch ${highest} has committed already`,
    mend: "stop: another instance owns the log",
    metadata: { log, epoch: String(epoch), highest: String(highest) },
  });
}
