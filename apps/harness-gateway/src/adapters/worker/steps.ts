import type { events } from "@cofferdam/contracts";
import { logName } from "@cofferdam/run-log";
import { formatEntity } from "@cofferdam/policy";
import type { Act } from "../../domain/decide.ts";
import { policyRequest } from "../../domain/policy-request.ts";
import type { ToolCall } from "../../domain/tools.ts";
import { storeBody } from "../body.ts";
import { heldSandbox } from "./attach.ts";
import type { TaskContext } from "./context.ts";
import { readCommitted } from "./read-before.ts";
import { runTool, type ToolRun } from "./tools.ts";

/** Asks policy about a tool call and records the decision, together with what follows from it. */
export function judge({ writer, policy }: TaskContext, step: number, call: ToolCall): void {
  const request = policyRequest(logName(writer.key), call);
  const { decision, policies, reason } = policy.decide(request);
  const data: events.PolicyDecided = {
    step,
    principal: formatEntity(request.principal),
    action: request.action,
    resource: formatEntity(request.resource),
    decision: decision === "allow" ? "DECISION_ALLOW" : "DECISION_DENY",
    policies: [...policies],
    reason,
  };
  writer.stage([{ type: "policy.decided", data }]);
}

/** A denied call has no effect; the model is told why. */
export async function refuse(context: TaskContext, step: number, decided: events.PolicyDecided): Promise<void> {
  const output = `Denied by policy: ${decided.reason}`;
  await commit(context, {
    step,
    exitCode: 1,
    output,
    snapshotDigest: context.writer.state.snapshot,
    durationMs: 0,
    written: [],
    removed: [],
    limit: "policy",
  });
}

/**
 * Intent, effect, checkpoint, outcome. Until the outcome stands in the log there was no step: it goes there with the next
 * intent, and a worker that continues before that finds it again under the execution's key.
 */
export async function execute(context: TaskContext, act: Extract<Act, { kind: "execute" }>): Promise<void> {
  const { writer, manifest, deps } = context;
  const { step, attempt, call } = act;
  const started = performance.now();
  if (!attempt.begun) {
    const data: events.StepStarted = {
      step,
      toolCallId: call.callId,
      tool: call.tool,
      arguments: await storeBody(deps.blobs, call.arguments, "application/json"),
      attempt: attempt.number,
      execId: attempt.execId,
    };
    await writer.append([{ type: "step.started", data }]);
  }
  const box = heldSandbox(context);
  const run: ToolRun = {
    execId: attempt.execId,
    step,
    timeoutMs: manifest.spec.compute.timeoutMs,
    readBefore: (path, maxBytes) =>
      attempt.begun ? readCommitted(context, path, maxBytes) : box.readFile(path, maxBytes),
  };
  const outcome = await runTool(call, run, box);
  const checkpoint = await box.checkpoint(writer.state.snapshot);
  await commit(context, {
    step,
    exitCode: outcome.exitCode,
    output: outcome.output,
    snapshotDigest: checkpoint.snapshotDigest,
    durationMs: Math.round(performance.now() - started),
    written: checkpoint.written,
    removed: checkpoint.removed,
    limit: outcome.limit,
  });
}

type Commit = Omit<events.StepCommitted, "output"> & { readonly output: string };

async function commit({ writer, deps }: TaskContext, data: Commit): Promise<void> {
  const output = await storeBody(deps.blobs, data.output);
  writer.stage([{ type: "step.committed", data: { ...data, output } }]);
}
