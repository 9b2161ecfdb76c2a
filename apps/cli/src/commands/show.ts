import { ExitCode } from "@cofferdam/service/exit-code";
import { followRun } from "../progress/follow.ts";
import { noProgress } from "../progress/run-progress.ts";
import { reportJson } from "../render/json.ts";
import { jsonText } from "../render/json-text.ts";
import { report } from "../render/report.ts";
import { reportData } from "../render/report-data.ts";
import { type CommandContext, openSession } from "./context.ts";
import { hasEnded } from "./resume.ts";

/** `cofferdam show <run>`: the report of a run, as far as it has come. */
export async function showRun(context: CommandContext, runId: string): Promise<ExitCode> {
  const session = await openSession(context, { mode: "read" });
  try {
    const view = await session.call((client) => client.getRun(runId), context.signal);
    // The events of a run that has not ended would not end either; its view says how far it is.
    const progress = hasEnded(view) ? await followRun(session, runId, { signal: context.signal }) : noProgress;
    const reason = `\`cofferdam verify ${runId}\` checks it`;
    const data = reportData(view, progress, { state: "unchecked", reason });
    const { terminal } = context;
    if (context.json) terminal.write(jsonText(reportJson(data)));
    else terminal.lines(report(data, terminal.width, terminal.paint));
    return ExitCode.OK;
  } finally {
    await session.close();
  }
}
