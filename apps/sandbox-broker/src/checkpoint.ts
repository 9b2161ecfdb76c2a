import type { sandbox } from "@cofferdam/contracts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import type { HeldSandbox } from "./held-sandbox.ts";

const MAX_LISTED_PATHS = 1_000;

/** Holds the workspace still, stores it and lets it go on. What is mounted read-only is not part of it. */
export async function checkpoint(
  held: HeldSandbox,
  store: WorkspaceStore,
  parentDigest: string,
  signal: AbortSignal,
): Promise<sandbox.CheckpointResponse> {
  const start = performance.now();
  return held.turn.run(async () => {
    held.assertNotLost();
    const thaw = await held.sandbox.freeze();
    try {
      const stored = await store.store({
        root: held.sandbox.workspace,
        exclude: held.readOnlyFolders,
        parentDigest,
        log: held.holder.log,
        epoch: held.holder.epoch,
        label: held.holder.log,
        signal,
      });
      held.assertNotLost();
      return {
        snapshotDigest: stored.snapshotDigest,
        treeDigest: stored.treeDigest,
        durationMs: Math.round(performance.now() - start),
        written: stored.written.slice(0, MAX_LISTED_PATHS),
        removed: stored.removed.slice(0, MAX_LISTED_PATHS),
        storedBytes: stored.storedBytes,
      };
    } catch (error) {
      held.assertNotLost();
      throw error;
    } finally {
      await thaw();
    }
  });
}
