import type { harness, sandbox, snapshot } from "@cofferdam/contracts";
import type { Doorbells, Inbox, Leases, RunLog } from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import type { BlobStore } from "@cofferdam/storage";

/** What a worker needs of the world. */
export interface TaskDeps {
  readonly team: string;
  readonly log: RunLog;
  readonly doorbells: Doorbells;
  readonly inbox: Inbox;
  readonly leases: Leases;
  readonly blobs: BlobStore;
  readonly broker: sandbox.SandboxServiceClient;
  readonly snapshots: snapshot.SnapshotServiceClient;
  readonly calls: harness.HarnessServiceClient;
  readonly logger: Logger;
  /** Pieces of model text for people who watch; may be dropped. */
  publishDelta(log: string, delta: string): void;
}
