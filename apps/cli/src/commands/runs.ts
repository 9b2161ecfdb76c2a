import { run } from "@cofferdam/contracts";
import { ExitCode } from "@cofferdam/service/exit-code";
import { jsonText } from "../render/json-text.ts";
import { runTable } from "../render/run-table.ts";
import { type CommandContext, openSession } from "./context.ts";

/** `cofferdam runs`: the newest first. */
export async function listRuns(context: CommandContext, most: number): Promise<ExitCode> {
  const session = await openSession(context, { mode: "read" });
  try {
    const runs = await session.call(async (client) => {
      const list: run.Run[] = [];
      for await (const view of client.listRuns()) {
        if (list.length === most) break;
        list.push(view);
      }
      return list;
    }, context.signal);
    const { terminal } = context;
    if (context.json) terminal.write(jsonText({ runs: runs.map((view) => run.Run.toJSON(view)) }));
    else if (runs.length === 0) terminal.lines(["no runs yet; `cofferdam run <manifest>` starts one"]);
    else terminal.lines(runTable(runs, terminal.width));
    return ExitCode.OK;
  } finally {
    await session.close();
  }
}
