import { evidence } from "@cofferdam/contracts";
import { RpcError, type ServedService, unary } from "@cofferdam/service";
import { consistencyProof, inclusionProof, type NoteVerifier } from "@cofferdam/transparency-log";
import { RunId } from "@cofferdam/run-log";
import type { Ledger } from "../ledger.ts";

const END_TYPES = new Set(["cofferdam.run.completed", "cofferdam.run.failed", "cofferdam.run.cancelled"]);

/** Serves cofferdam.evidence.v1.EvidenceService. */
export function evidenceService(ledger: Ledger, verifier: NoteVerifier): ServedService {
  const implementation = {
    getCheckpoint: unary(async (): Promise<evidence.GetCheckpointResponse> => {
      requireHealthy(ledger);
      const { checkpoint, size } = ledger.state;
      return { checkpoint, treeSize: size, verifierKey: verifier.verifierKey };
    }),
    getEntry: unary(async ({ index }: evidence.GetEntryRequest): Promise<evidence.GetEntryResponse> => {
      const { size } = ledger.state;
      if (index >= size) throw noEntry("index", `entry ${index}`, size);
      return { leaf: Buffer.from(await ledger.files.entry(index, size)) };
    }),
    proveInclusion: unary((request: evidence.ProveInclusionRequest) => proveInclusion(ledger, request)),
    proveConsistency: unary((request: evidence.ProveConsistencyRequest) => proveConsistency(ledger, request)),
    awaitRun: unary((request: evidence.AwaitRunRequest, { signal }) => awaitRun(ledger, request, signal)),
  };
  return { definition: evidence.EvidenceServiceService, implementation };
}

/** Evidence already signed stays available when the ledger has stopped; what would claim that it is current does not. */
function requireHealthy({ divergence }: Ledger): void {
  if (divergence === undefined) return;
  throw new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "LEDGER_DIVERGED",
    message: `the ledger has stopped: ${divergence.message}`,
    mend: divergence.mend,
    metadata: { kind: divergence.kind, sequence: String(divergence.sequence) },
    cause: divergence,
  });
}

async function proveInclusion(
  ledger: Ledger,
  { index: byIndex, log, ordinal, treeSize }: evidence.ProveInclusionRequest,
): Promise<evidence.ProveInclusionResponse> {
  const { size: newest, checkpoint } = ledger.state;
  const size = treeSize === 0 ? newest : treeSize;
  if (size > newest) throw noEntry("tree_size", `tree of ${size}`, newest);
  const index = byIndex ?? ledger.index.at(log, ordinal)?.index;
  if (index === undefined) throw noEntry("ordinal", `event ${ordinal} of log ${JSON.stringify(log)}`, newest);
  if (index >= size) throw noEntry("index", `entry ${index}`, size);
  const hashes = await inclusionProof(ledger.files.nodes(newest), index, size);
  return {
    index,
    treeSize: size,
    hashes: hashes.map((hash) => Buffer.from(hash)),
    // Only the newest checkpoint is kept; to an older tree the caller brings the one it holds.
    checkpoint: size === newest ? checkpoint : "",
    leaf: Buffer.from(await ledger.files.entry(index, newest)),
  };
}

async function proveConsistency(
  ledger: Ledger,
  { firstSize, secondSize }: evidence.ProveConsistencyRequest,
): Promise<evidence.ProveConsistencyResponse> {
  const { size } = ledger.state;
  if (secondSize > size) throw noEntry("second_size", `tree of ${secondSize}`, size);
  if (firstSize > secondSize) {
    throw new RpcError({
      status: "INVALID_ARGUMENT",
      reason: "SIZES_NOT_IN_ORDER",
      message: `a tree of ${secondSize} entries cannot extend one of ${firstSize}`,
      mend: "give the smaller size first",
      metadata: { field: "first_size" },
    });
  }
  const hashes = await consistencyProof(ledger.files.nodes(size), firstSize, secondSize);
  return { hashes: hashes.map((hash) => Buffer.from(hash)) };
}

/**
 * A run's last event is written after the last of each of its tasks, and the ledger takes messages in order: with the
 * one all the others are under the checkpoint.
 */
async function awaitRun(
  ledger: Ledger,
  { runId }: evidence.AwaitRunRequest,
  signal: AbortSignal,
): Promise<evidence.AwaitRunResponse> {
  const run = runIdOf(runId);
  const { promise, resolve, reject } = Promise.withResolvers<evidence.AwaitRunResponse>();
  const look = () => {
    try {
      const events = ledger.index.ofRun(run);
      if (events.some((event) => event.log === run && END_TYPES.has(event.type))) {
        resolve({ entries: events.length, checkpoint: ledger.state.checkpoint });
      } else requireHealthy(ledger);
    } catch (error) {
      reject(error);
    }
  };
  const cancel = () => reject(cancelled(run));
  const forget = ledger.onChange(look);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    look();
    return await promise;
  } finally {
    forget();
    signal.removeEventListener("abort", cancel);
  }
}

function runIdOf(text: string): RunId {
  try {
    return RunId(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "malformed run id";
    throw new RpcError({
      status: "INVALID_ARGUMENT",
      reason: "RUN_ID_MALFORMED",
      message,
      mend: "give the id that StartRun returned",
      metadata: { field: "run_id" },
      cause: error,
    });
  }
}

const cancelled = (run: string): RpcError =>
  new RpcError({ status: "CANCELLED", reason: "CANCELLED", message: `waiting for run ${run} was cancelled` });

const noEntry = (field: string, what: string, size: number): RpcError =>
  new RpcError({
    status: "NOT_FOUND",
    reason: "NOT_IN_LEDGER",
    message: `the ledger of ${size} entries has no ${what}`,
    mend: "wait until it is taken in (AwaitRun), or ask for another",
    metadata: { field },
  });
