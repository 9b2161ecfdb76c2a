import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";
import { followRun } from "../progress/follow.ts";
import { eventLine } from "../render/event-line.ts";
import { jsonLine } from "../render/json-text.ts";
import { type CommandContext, openSession } from "./context.ts";
import { hasEnded } from "./resume.ts";

/** `cofferdam watch <run>`: its events from the first, until it ends. With --json each is a CloudEvent on a line. */
export async function watchRun(context: CommandContext, runId: string): Promise<ExitCode> {
  const session = await openSession(context, { mode: "read" });
  try {
    const view = await session.call((client) => client.getRun(runId), context.signal);
    if (session.own && !hasEnded(view)) throw nobodyCarriesItOut(runId);
    const { terminal } = context;
    const progress = await followRun(session, runId, {
      signal: context.signal,
      onEvent: (event) => {
        const line = context.json ? undefined : eventLine(event);
        if (context.json) terminal.write(jsonLine(event.envelope));
        else if (line !== undefined) terminal.lines([line]);
      },
    });
    return progress.status === "completed" ? ExitCode.OK : ExitCode.FAILED;
  } finally {
    await session.close();
  }
}

const nobodyCarriesItOut = (runId: string): CliError =>
  new CliError({
    code: "NO_CONTROL_PLANE",
    message: `run ${runId} has not ended, and no control plane runs that would go on with it`,
    mend: `\`cofferdam resume ${runId}\` goes on with it and shows it; \`cofferdam up\` goes on with all`,
  });
