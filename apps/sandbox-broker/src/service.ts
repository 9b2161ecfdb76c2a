import { join } from "node:path";
import { mkdir, rm } from "node:fs/promises";
import { sandbox } from "@cofferdam/contracts";
import { createNamespaceProvider } from "@cofferdam/sandbox-namespace";
import { type Address, type Logger, serveGrpc, type Service } from "@cofferdam/service";
import { Acquirer } from "./acquire.ts";
import { connectWorkspaceStore } from "./adapters/snapshot-workspace.ts";
import { BrokerState } from "./adapters/state.ts";
import { type Fault, FaultPlan } from "./domain/faults.ts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import { Executor } from "./exec.ts";
import type { HeldSandbox } from "./held-sandbox.ts";
import { sandboxService } from "./rpc-service.ts";
import { Sandboxes } from "./sandboxes.ts";

export interface SandboxBrokerDeps {
  readonly address: Address;
  /** Folder for what must outlive the process: fences, endings, outputs of commands. One broker at a time. */
  readonly stateDir: string;
  /** Folder for the sandboxes themselves. If this process is root, other users must be able to enter it. */
  readonly sandboxRoot: string;
  /** Path of bubblewrap, see `findBubblewrap`. */
  readonly bwrap: string;
  readonly snapshotStore: Address;
  readonly team: string;
  readonly logger: Logger;
  /** Faults to inject, see `parseFaults`. */
  readonly faults?: readonly Fault[];
  /** User ids for sandboxes, where this process is root. */
  readonly uids?: { readonly first: number; readonly count: number };
  /** Control group that was delegated to this process. */
  readonly delegatedCgroup?: string;
}

const SWEEP_MS = 250;

/** Sandboxes with leases and fences, over gRPC. Whatever an earlier life left behind is removed before it answers. */
export async function createSandboxBroker(deps: SandboxBrokerDeps): Promise<Required<Service>> {
  const store = connectWorkspaceStore(deps.snapshotStore, deps.team);
  const broker = await startBroker(deps, store);
  const close = async () => {
    await broker.close();
    store.close();
  };
  return { address: broker.address, close };
}

/** The broker over a given store of workspaces. */
export async function startBroker(
  deps: Omit<SandboxBrokerDeps, "snapshotStore">,
  store: WorkspaceStore,
): Promise<Required<Service>> {
  const { logger, stateDir, team } = deps;
  const state = new BrokerState(stateDir);
  const journals = join(stateDir, "journal");
  const provider = await createNamespaceProvider({
    bwrap: deps.bwrap,
    root: deps.sandboxRoot,
    ...(deps.uids === undefined ? {} : { uids: deps.uids }),
    ...(deps.delegatedCgroup === undefined ? {} : { delegatedCgroup: deps.delegatedCgroup }),
  });
  const { removed, stuck } = await provider.reap();
  for (const error of stuck) logger.error({ err: error }, "leftover sandbox");
  const lost = state.loseAll("the broker was restarted");
  await rm(journals, { recursive: true, force: true });
  await mkdir(journals, { recursive: true, mode: 0o700 });
  const report = provider.describe();
  logger.info(
    { removed, lost, enforcement: report.available ? report.enforcement : report.reason },
    "sandbox tier ready",
  );

  const ended = (held: HeldSandbox) => store.forget(held.sandbox.workspace);
  const sandboxes = new Sandboxes({ state, journals, logger, ended });
  const acquirer = new Acquirer({ provider, sandboxes, store, now: () => performance.now(), logger });
  const executor = new Executor({ sandboxes, state, faults: new FaultPlan(deps.faults ?? []), logger });
  const implementation = sandboxService({ team, provider, sandboxes, acquirer, executor, store, state });
  const server = await serveGrpc(deps.address, [{ definition: sandbox.SandboxServiceService, implementation }], logger);
  const sweeper = setInterval(() => {
    void sandboxes.reapExpired();
    acquirer.prune();
  }, SWEEP_MS).unref();

  const stop = async () => {
    clearInterval(sweeper);
    await server.close();
    await Promise.all(sandboxes.all().map((held) => sandboxes.lose(held, "the broker was stopped")));
    await sandboxes.settled();
    provider.close();
    state.close();
  };
  let stopping: Promise<void> | undefined;
  return { address: server.address, close: () => (stopping ??= stop()) };
}
