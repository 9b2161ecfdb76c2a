import { randomUUID } from "node:crypto";
import { ExitCode } from "@cofferdam/service/exit-code";
import { type CommandContext, openSession } from "./context.ts";
import { seeThrough } from "./see-through.ts";

/** `cofferdam cancel <run>`: asks for it, and waits until the run has ended. */
export async function cancelRun(context: CommandContext, runId: string, reason: string): Promise<ExitCode> {
  const session = await openSession(context, { mode: "full" });
  try {
    const key = randomUUID();
    await session.call((client) => client.cancelRun(runId, { reason, idempotencyKey: key }), context.signal);
    await seeThrough(context, session, runId);
    return ExitCode.OK;
  } finally {
    await session.close();
  }
}
