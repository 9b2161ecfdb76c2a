import { mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/nats-core";
import { harness, sandbox, snapshot } from "@cofferdam/contracts";
import {
  type Answering,
  liveSubject,
  openDoorbells,
  openInbox,
  openLeases,
  openRunLog,
  parseLogName,
  Team,
} from "@cofferdam/run-log";
import { type Address, connect, type Logger, serveGrpc, type ServedService, type Service } from "@cofferdam/service";
import { createBlobStore, fileStore } from "@cofferdam/storage";
import { frontedEvidence } from "./adapters/api/evidence-front.ts";
import { servedManifests } from "./adapters/api/manifest-service.ts";
import { InputPinner } from "./adapters/api/pin-inputs.ts";
import { servedRuns } from "./adapters/api/run-service.ts";
import { CallService } from "./adapters/calls/call-service.ts";
import { servedCalls } from "./adapters/calls/grpc.ts";
import { CallJournal } from "./adapters/calls/journal.ts";
import { startWorker } from "./adapters/worker/worker.ts";
import type { ModelConfig } from "./domain/model-config.ts";

/** Parts of the gateway that can run apart, so that one's death is not another's. */
export const ROLES = ["api", "worker", "calls"] as const;
export type Role = (typeof ROLES)[number];

export interface HarnessGatewayOptions {
  /** Where this process serves gRPC: the roles `api` and `calls`. */
  readonly address: Address;
  readonly nc: NatsConnection;
  readonly team: string;
  readonly instance: string;
  readonly roles: readonly Role[];
  readonly broker: Address;
  readonly snapshotStore: Address;
  readonly ledger: Address;
  /** Where the `calls` role listens; this process's own address if it has that role. */
  readonly calls: Address;
  /** Folder of the object store that holds blobs. */
  readonly objectsDir: string;
  /** Folder of the call service's journal. */
  readonly stateDir: string;
  /** Absent: runs that need a model are refused. */
  readonly model: ModelConfig | undefined;
  readonly localFiles: "allow" | "deny";
  /** Tasks at once in this process. */
  readonly maxTasks: number;
  readonly logger: Logger;
}

/** The composition root of harness-gateway. */
export async function createHarnessGateway(options: HarnessGatewayOptions): Promise<Service> {
  const { roles, logger } = options;
  const team = Team(options.team);
  const blobs = createBlobStore(fileStore(options.objectsDir, { keepStaging: true }));
  const log = openRunLog({ nc: options.nc, team, instance: options.instance, service: "harness-gateway" });
  const doorbells = openDoorbells({ nc: options.nc, team });
  const inbox = openInbox({ nc: options.nc });
  const snapshots = connect(snapshot.SnapshotServiceClient, options.snapshotStore);
  const served: ServedService[] = [];
  const closers: (() => void | Promise<void>)[] = [() => snapshots.close()];

  if (roles.includes("api")) {
    const inputs = new InputPinner(snapshots, team);
    const principal = `local:${userInfo().username}`;
    served.push(
      servedRuns({ ...options, team, log, doorbells, inbox, blobs, inputs, principal }),
      servedManifests(team),
    );
    const evidence = frontedEvidence(options.ledger);
    served.push(evidence);
    closers.push(() => evidence.close());
  }
  if (roles.includes("calls")) {
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    const journal = new CallJournal(join(options.stateDir, "calls.db"));
    const calls = new CallService({ journal, blobs, model: options.model, logger });
    served.push(servedCalls(calls));
    closers.push(async () => {
      await calls.close();
      journal.close();
    });
  }
  const server = served.length > 0 ? await serveGrpc(options.address, served, logger) : undefined;

  let worker: Answering | undefined;
  if (roles.includes("worker")) {
    const broker = connect(sandbox.SandboxServiceClient, options.broker);
    const calls = connect(harness.HarnessServiceClient, options.calls);
    closers.push(
      () => broker.close(),
      () => calls.close(),
    );
    const publishDelta = (name: string, delta: string) =>
      options.nc.publish(liveSubject(parseLogName(team, name)), delta);
    const leases = await openLeases({ nc: options.nc, team, instance: options.instance });
    closers.push(() => leases.close());
    const deps = { team, log, doorbells, inbox, leases, blobs, broker, snapshots, calls, logger, publishDelta };
    worker = await startWorker(deps, { maxTasks: options.maxTasks });
  }
  return {
    address: server?.address,
    close: async () => {
      await worker?.close();
      await server?.close();
      for (const close of closers) await close();
    },
  };
}
