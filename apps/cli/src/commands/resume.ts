import type { run } from "@cofferdam/contracts";
import { ExitCode } from "@cofferdam/service/exit-code";
import { jsonText } from "../render/json-text.ts";
import { counted } from "../render/quantity.ts";
import type { Session } from "../session.ts";
import { type CommandContext, openSession } from "./context.ts";
import { seeThrough } from "./see-through.ts";

/** `cofferdam resume [<run>]`: starts the control plane where none runs, and waits until unfinished runs have ended. */
export async function resumeRuns(context: CommandContext, runId: string | undefined): Promise<ExitCode> {
  const session = await openSession(context, { mode: "full" });
  try {
    if (runId !== undefined) return await seeThrough(context, session, runId);
    const unfinished = await unfinishedRuns(session);
    if (unfinished.length === 0) {
      if (context.json) context.terminal.write(jsonText({ runs: [] }));
      else context.terminal.lines(["no unfinished runs"]);
      return ExitCode.OK;
    }
    context.terminal.notice(`${counted(unfinished.length, "unfinished run")}: ${unfinished.join(", ")}`);
    let worst: ExitCode = ExitCode.OK;
    // All of them go on at once; they are only looked at one after the other.
    for (const one of unfinished) {
      const code = await seeThrough(context, session, one);
      if (code !== ExitCode.OK) worst = code;
    }
    return worst;
  } finally {
    await session.close();
  }
}

export const hasEnded = ({ status }: run.Run): boolean =>
  status === "RUN_STATUS_COMPLETED" || status === "RUN_STATUS_FAILED" || status === "RUN_STATUS_CANCELLED";

async function unfinishedRuns(session: Session): Promise<string[]> {
  return session.call(async (client) => {
    const ids: string[] = [];
    for await (const view of client.listRuns()) if (!hasEnded(view)) ids.push(view.runId);
    return ids;
  });
}
