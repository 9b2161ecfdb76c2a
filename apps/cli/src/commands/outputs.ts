import { events } from "@cofferdam/contracts";
import { ExitCode } from "@cofferdam/service/exit-code";
import { jsonText } from "../render/json-text.ts";
import { outputLines } from "../render/report.ts";
import { type CommandContext, openSession } from "./context.ts";

/** `cofferdam outputs <run>` */
export async function listOutputs(context: CommandContext, runId: string): Promise<ExitCode> {
  const session = await openSession(context, { mode: "read" });
  try {
    const outputs = await session.call((client) => client.outputs(runId), context.signal);
    const { terminal, json } = context;
    if (json) terminal.write(jsonText({ outputs: outputs.map((output) => events.PublishedOutput.toJSON(output)) }));
    else if (outputs.length === 0) terminal.lines([`run ${runId} has published nothing`]);
    else terminal.lines(outputs.flatMap((output) => outputLines(output, terminal.paint)));
    return ExitCode.OK;
  } finally {
    await session.close();
  }
}

/** `cofferdam cat <run> <output> <path>`: one published file, as it is, on standard output. */
export async function printOutput(
  context: CommandContext,
  runId: string,
  output: string,
  path: string,
): Promise<ExitCode> {
  const session = await openSession(context, { mode: "read" });
  try {
    for await (const bytes of session.client.readOutput({ runId, output, path }, { signal: context.signal })) {
      if (!process.stdout.write(bytes)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
    return ExitCode.OK;
  } finally {
    await session.close();
  }
}
