import type { events } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";
import { type Act, decide } from "../../domain/decide.ts";
import { callModel, requestModel } from "./model-turns.ts";
import { execute, judge, refuse } from "./steps.ts";
import type { Cancelled } from "./cancellation.ts";
import { finishTask } from "./finish.ts";
import { publishOutputs } from "./publish.ts";
import { isLost } from "./sandbox.ts";
import { attach, reattach } from "./attach.ts";
import type { TaskContext } from "./context.ts";
import { startTask } from "./start.ts";

/** Carries a task from wherever its log stands to its end. */
export async function runTask(context: TaskContext): Promise<void> {
  const { writer, signal } = context;
  for (;;) {
    signal.throwIfAborted();
    const elapsedMs = Date.now() - Date.parse(writer.state.submittedAt);
    const act = decide(writer.state, { answers: context.answers, elapsedMs });
    if (act.kind === "ended") return;
    try {
      if (!goesOn(act)) await writer.append([]);
      await perform(context, act);
    } catch (error) {
      if (!isLost(error)) throw error;
      await recordLoss(context, error);
    }
  }
}

/** Acts whose first deed is at most a small write before they append: what was staged goes into the log with that. */
const goesOn = ({ kind }: Act): boolean =>
  kind === "judge" || kind === "refuse" || kind === "execute" || kind === "request";

async function perform(context: TaskContext, act: Exclude<Act, { kind: "ended" }>): Promise<void> {
  switch (act.kind) {
    case "start":
      return startTask(context);
    case "attach":
      return attach(context);
    case "reattach":
      return reattach(context);
    case "request":
      return requestModel(context, act.turn);
    case "call":
      return callModel(context, act.requested);
    case "judge":
      return judge(context, act.step, act.call);
    case "refuse":
      return refuse(context, act.step, act.decided);
    case "execute":
      return execute(context, act);
    case "finish":
      return finishTask(context, act.text);
    case "publish":
      return publishOutputs(context);
    case "fail":
      return failTask(context, act.failure);
  }
}

async function recordLoss(context: TaskContext, error: unknown): Promise<void> {
  const { writer, logger } = context;
  const { sandbox } = writer.state;
  context.sandbox = undefined;
  if (sandbox === undefined) return;
  const reason = RpcError.from(error).message;
  logger.warn({ sandbox: sandbox.sandboxId, reason }, "sandbox lost");
  await writer.append([{ type: "sandbox.lost", data: { sandboxId: sandbox.sandboxId, reason } }]);
}

export async function failTask(context: TaskContext, failure: events.Failure): Promise<void> {
  await context.sandbox?.release(context.signal);
  await context.writer.append([{ type: "run.failed", data: { failure, usage: context.writer.state.usage } }]);
}

export async function cancelTask(context: TaskContext, { commandId, principal, message }: Cancelled): Promise<void> {
  await context.sandbox?.release(context.signal);
  await context.writer.append([
    { type: "command.accepted", data: { commandId, command: "cancel", principal } },
    { type: "run.cancelled", data: { reason: message, principal } },
  ]);
}
