import type { events, sandbox } from "@cofferdam/contracts";
import { logName } from "@cofferdam/run-log";
import { rpc, RpcError } from "@cofferdam/service";
import { patiently } from "../patience.ts";
import { outputDirectories } from "../../domain/outputs.ts";
import { SandboxHandle, OUTPUT_BYTES } from "./sandbox.ts";
import type { TaskContext } from "./context.ts";
import { itemPath } from "./start.ts";

/** A sandbox whose worker is silent for this long is reaped. */
export const SANDBOX_LEASE_MS = 60_000;

/** Leases a sandbox with the task's inputs and the workspace of its last committed step. */
export async function attach(context: TaskContext): Promise<void> {
  await record(context, await acquire(context));
}

/**
 * After a change of owner. The broker knows the acquisition by its key: if that sandbox lives it passes to this epoch,
 * with whatever runs in it, and the open step is asked for under its old key. Else it is lost.
 */
export async function reattach(context: TaskContext): Promise<void> {
  const { writer } = context;
  const before = writer.state.sandbox;
  const acquired = await acquire(context);
  if (before !== undefined && before.sandboxId !== acquired.sandboxId) {
    const reason = "it did not outlive the change of owner";
    await writer.append([{ type: "sandbox.lost", data: { sandboxId: before.sandboxId, reason } }]);
  }
  await record(context, acquired);
}

export function heldSandbox(context: TaskContext): SandboxHandle {
  if (context.sandbox === undefined) throw new Error("no sandbox is held where one must be");
  return context.sandbox;
}

async function record(context: TaskContext, { sandboxId, tier, readyMs }: sandbox.AcquireResponse): Promise<void> {
  const { writer, deps, signal } = context;
  context.sandbox = new SandboxHandle(sandboxId, deps.broker, holderOf(context), signal);
  const snapshotDigest = writer.state.snapshot;
  await writer.append([{ type: "sandbox.attached", data: { sandboxId, tier, snapshotDigest, readyMs } }]);
}

export const holderOf = ({ writer, deps }: TaskContext): sandbox.Holder => ({
  team: deps.team,
  log: logName(writer.key),
  epoch: writer.epoch,
});

async function acquire(context: TaskContext): Promise<sandbox.AcquireResponse> {
  const { writer, deps, signal } = context;
  const { compute, environment, outputs, workspace } = context.manifest.spec;
  const request: sandbox.AcquireRequest = {
    holder: holderOf(context),
    tier: compute.tier,
    snapshotDigest: writer.state.snapshot,
    mounts: mountsOf(context),
    limits: {
      memoryBytes: compute.memoryBytes,
      pids: compute.pids,
      cpuMillis: Math.round(compute.cpu * 1_000),
      diskBytes: workspace.sizeBytes,
      execTimeoutMs: compute.timeoutMs,
      outputBytes: OUTPUT_BYTES,
    },
    environment,
    leaseMs: SANDBOX_LEASE_MS,
    directories: outputDirectories(outputs),
    acquireId: `${logName(writer.key)}#${writer.state.sandboxesLost}`,
  };
  return await patiently(
    () => rpc(deps.broker.acquire.bind(deps.broker), request, { timeoutMs: 600_000, signal }),
    signal,
  );
}

function mountsOf(context: TaskContext): sandbox.Mount[] {
  const { submitted, task, manifest } = context;
  const item = itemPath(context);
  const fanOut = manifest.spec.compute.parallel?.over;
  const inputs = submitted.inputs.map((input: events.PinnedInput) => ({
    treeDigest: input.treeDigest,
    paths: item !== "" && input.name === fanOut ? [item] : [],
    target: `inputs/${input.name}`,
  }));
  if (task.kind !== "TASK_KIND_JOIN") return inputs;
  const results = task.upstream.map((result) => {
    if (result.outputsTreeDigest === "") throw missingResult(result.taskId);
    return { treeDigest: result.outputsTreeDigest, paths: [], target: `tasks/${result.taskId}` };
  });
  return [...inputs, ...results];
}

const missingResult = (taskId: string): RpcError =>
  new RpcError({ status: "FAILED_PRECONDITION", reason: "RESULT_MISSING", message: `task ${taskId} left no outputs` });
