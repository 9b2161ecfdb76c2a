import type { sandbox } from "@cofferdam/contracts";
import type { Holder } from "./domain/holder.ts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import type { HeldSandbox } from "./held-sandbox.ts";
import type { Sandboxes } from "./sandboxes.ts";

const MAX_LISTED_PATHS = 1_000;

/** Holds the workspace still, stores it and lets it go on. What is mounted read-only is not part of it. */
export async function checkpoint(
  held: HeldSandbox,
  holder: Holder,
  { sandboxes, store }: { readonly sandboxes: Sandboxes; readonly store: WorkspaceStore },
  parentDigest: string,
  signal: AbortSignal,
): Promise<sandbox.CheckpointResponse> {
  const start = performance.now();
  return sandboxes.inTurn(held, holder, async () => {
    const thaw = await held.sandbox.freeze();
    try {
      const stored = await store.store({
        root: held.sandbox.workspace,
        exclude: held.readOnlyFolders,
        parentDigest,
        log: holder.log,
        epoch: holder.epoch,
        label: holder.log,
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
