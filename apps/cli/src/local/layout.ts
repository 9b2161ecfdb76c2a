import { join } from "node:path";
import { Address } from "@cofferdam/service";
import type { Home } from "./home.ts";

/** Where the services of one machine listen. */
export interface Layout {
  readonly gateway: Address;
  readonly calls: Address;
  readonly broker: Address;
  readonly snapshotStore: Address;
  readonly ledger: Address;
}

export const layoutIn = (runtimeDir: string): Layout => ({
  gateway: Address(`unix:${join(runtimeDir, "gateway.sock")}`),
  calls: Address(`unix:${join(runtimeDir, "calls.sock")}`),
  broker: Address(`unix:${join(runtimeDir, "broker.sock")}`),
  snapshotStore: Address(`unix:${join(runtimeDir, "snapshots.sock")}`),
  ledger: Address(`unix:${join(runtimeDir, "ledger.sock")}`),
});

/**
 * Where sandboxes' files lie. Started by root, each sandbox has a user of its own, who must be able to walk to its files:
 * that rules out a home below somebody's private folder.
 */
export function sandboxRootOf(home: Home): string {
  if (process.getuid?.() !== 0) return join(home.root, "sandboxes");
  return join("/var/lib/cofferdam", home.id);
}

export const ledgerKeyFile = (home: Home): string => join(home.keys, "ledger.key");
