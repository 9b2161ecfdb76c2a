import type { sandbox } from "@cofferdam/contracts";
import type { SandboxProvider } from "@cofferdam/sandbox-provider";
import { duplex, serverStream, unary } from "@cofferdam/service";
import type { Acquirer } from "./acquire.ts";
import type { BrokerState } from "./adapters/state.ts";
import { checkpoint } from "./checkpoint.ts";
import { invalid, toRpcError } from "./domain/errors.ts";
import { type Holder, holderOf } from "./domain/holder.ts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import type { Executor } from "./exec.ts";
import { readOne, writeAll } from "./files.ts";
import { feedInput } from "./exec-input.ts";
import type { Sandboxes } from "./sandboxes.ts";

export interface RpcParts {
  readonly team: string;
  readonly provider: SandboxProvider;
  readonly sandboxes: Sandboxes;
  readonly acquirer: Acquirer;
  readonly executor: Executor;
  readonly store: WorkspaceStore;
  readonly state: BrokerState;
}

/** SandboxService of proto/cofferdam/sandbox/v1. */
export function sandboxService(parts: RpcParts) {
  const { team, provider, sandboxes, acquirer, executor } = parts;
  const holder = (given: sandbox.Holder | undefined): Holder => holderOf(given, team);
  const find = (q: { readonly holder: sandbox.Holder | undefined; readonly sandboxId: string }) =>
    sandboxes.find(holder(q.holder), q.sandboxId);

  return {
    acquire: unary((q: sandbox.AcquireRequest) =>
      typed(async (): Promise<sandbox.AcquireResponse> => {
        const start = performance.now();
        const held = await acquirer.acquire(holder(q.holder), q);
        return { sandboxId: held.id, tier: provider.tier, readyMs: Math.round(performance.now() - start) };
      }),
    ),
    fence: unary((q: sandbox.FenceRequest) =>
      typed(async (): Promise<sandbox.FenceResponse> => ({ waiting: sandboxes.admit(holder(q.holder)) })),
    ),
    renew: unary((q: sandbox.RenewRequest) =>
      typed(async (): Promise<sandbox.RenewResponse> => {
        find(q).lease.renew(q.leaseMs);
        return {};
      }),
    ),
    release: unary((q: sandbox.ReleaseRequest) =>
      typed(async (): Promise<sandbox.ReleaseResponse> => {
        await sandboxes.releaseOf(holder(q.holder), q.sandboxId);
        return {};
      }),
    ),
    exec: duplex((requests: AsyncIterable<sandbox.ExecRequest>) =>
      typedStream(async function* () {
        const inputs = requests[Symbol.asyncIterator]();
        const first = await inputs.next();
        const request = first.done ? undefined : first.value.request;
        if (request?.$case !== "start") throw invalid("request", "does not begin with start", "send start first");
        const { value } = request;
        const { events, execution } = await executor.begin(find(value), holder(value.holder), value);
        if (execution !== undefined) void feedInput(inputs, execution);
        yield* events;
      }),
    ),
    readFile: serverStream((q: sandbox.ReadFileRequest) =>
      typedStream(async function* () {
        yield* readOne(find(q), q);
      }),
    ),
    writeFiles: unary((q: sandbox.WriteFilesRequest) =>
      typed(async (): Promise<sandbox.WriteFilesResponse> => {
        await writeAll(find(q), holder(q.holder), q, parts);
        return {};
      }),
    ),
    checkpoint: unary((q: sandbox.CheckpointRequest, { signal }) =>
      typed(() => checkpoint(find(q), holder(q.holder), parts, q.parentDigest, signal)),
    ),
    describe: unary(async (): Promise<sandbox.DescribeResponse> => ({
      sandboxes: sandboxes.all().map((held) => ({
        sandboxId: held.id,
        holder: held.holder,
        tier: provider.tier,
        uid: held.sandbox.owner.uid,
        runningExecs: held.running.size,
        pids: [...held.sandbox.pids()],
      })),
      tiers: [tierOf(provider)],
    })),
  };
}

function tierOf(provider: SandboxProvider): sandbox.Tier {
  const report = provider.describe();
  return report.available
    ? { name: provider.tier, available: true, reason: "", enforcement: { ...report.enforcement } }
    : { name: provider.tier, available: false, reason: report.reason, enforcement: {} };
}

async function typed<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toRpcError(error);
  }
}

async function* typedStream<T>(act: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* act();
  } catch (error) {
    throw toRpcError(error);
  }
}
