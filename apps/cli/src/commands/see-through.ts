import type { run } from "@cofferdam/contracts";
import { CofferdamError } from "@cofferdam/client";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";
import { checkRun } from "../evidence/check-run.ts";
import { followRun } from "../progress/follow.ts";
import { noProgress, type RunProgress } from "../progress/run-progress.ts";
import { eventLine } from "../render/event-line.ts";
import { reportJson } from "../render/json.ts";
import { jsonText } from "../render/json-text.ts";
import { liveView } from "../render/live-view.ts";
import { report } from "../render/report.ts";
import { reportData } from "../render/report-data.ts";
import type { Session } from "../session.ts";
import type { CommandContext } from "./context.ts";

const REDRAW_MS = 100;

/** Waits for a run to end, showing how it goes, then checks its evidence and reports. Returns how the command ends. */
export async function seeThrough(context: CommandContext, session: Session, runId: string): Promise<ExitCode> {
  const progress = await showProgress(context, session, runId);
  const view = await session.call((client) => client.getRun(runId), context.signal);
  const ledger = await checkRun(context, session, view);
  const data = reportData(view, progress, ledger);
  const { terminal } = context;
  if (context.json) terminal.write(jsonText(reportJson(data)));
  else terminal.lines(["", ...report(data, terminal.width, terminal.paint)]);
  return exitCodeOf(view, ledger.state);
}

function exitCodeOf(view: run.Run, ledger: "verified" | "failed" | "unchecked"): ExitCode {
  if (ledger === "failed") return ExitCode.VERIFICATION_FAILED;
  return view.status === "RUN_STATUS_COMPLETED" ? ExitCode.OK : ExitCode.FAILED;
}

async function showProgress(context: CommandContext, session: Session, runId: string): Promise<RunProgress> {
  const { terminal, signal } = context;
  let latest = noProgress;
  const draw = (): void => terminal.draw(liveView(runId, latest, Date.now(), terminal.liveSize, terminal.errorPaint));
  const redrawing = terminal.live ? setInterval(draw, REDRAW_MS) : undefined;
  try {
    return await followRun(session, runId, {
      signal,
      onEvent: (event, progress) => {
        latest = progress;
        if (terminal.live || context.json) return;
        const line = eventLine(event);
        if (line !== undefined) terminal.notice(line);
      },
    });
  } catch (error) {
    if (signal.aborted && error instanceof CofferdamError && error.code === "CANCELLED")
      throw interrupted(session, runId);
    throw error;
  } finally {
    clearInterval(redrawing);
    terminal.draw([]);
  }
}

function interrupted(session: Session, runId: string): CliError {
  return new CliError({
    code: "INTERRUPTED",
    message: session.own
      ? `interrupted; run ${runId} is durable and pauses while no control plane runs`
      : `interrupted; run ${runId} goes on in the control plane of process ${session.planePid}`,
    mend: session.own
      ? `\`cofferdam resume ${runId}\` goes on with it and waits, \`cofferdam cancel ${runId}\` ends it`
      : `\`cofferdam watch ${runId}\` watches it, \`cofferdam cancel ${runId}\` ends it`,
    exitCode: ExitCode.INTERRUPTED,
  });
}
