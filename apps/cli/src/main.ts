/** The `cofferdam` command: reads arguments, carries the command out, says how it ended. */
import { join } from "node:path";
import { CommanderError } from "commander";
import { ExitCode } from "@cofferdam/service/exit-code";
import { onInterrupt } from "./interrupt.ts";
import { createProgram } from "./program.ts";
import { jsonText } from "./render/json-text.ts";
import { Terminal } from "./terminal.ts";

const { env } = process;
const json = process.argv.includes("--json");
const terminal = new Terminal(process.stdout, process.stderr, env, json);
// Whoever reads the answer may have seen enough (`| head`).
process.stdout.on("error", () => process.exit(ExitCode.OK));

let exitCode: ExitCode = ExitCode.OK;
try {
  const program = createProgram(async (act) => {
    const checkout = env["COFFERDAM_CHECKOUT"] ?? join(import.meta.dirname, "../../..");
    const signal = onInterrupt((text) => terminal.notice(text));
    exitCode = await act({ env, checkout, terminal, json, signal });
  });
  await program.parseAsync();
} catch (error) {
  exitCode = await failureOf(error);
}
process.exit(exitCode);

async function failureOf(error: unknown): Promise<ExitCode> {
  // Commander has already said what is wrong with the arguments, or shown its help.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return ExitCode.OK;
    if (json) terminal.write(jsonText({ error: { code: "USAGE", message: error.message, mend: "cofferdam --help" } }));
    return ExitCode.USAGE;
  }
  const { errorJson, errorLines, errorReport } = await import("./report-error.ts");
  const failure = errorReport(error);
  if (json) terminal.write(jsonText(errorJson(failure)));
  else for (const line of errorLines(failure, error, terminal.width, terminal.errorPaint)) terminal.notice(line);
  return failure.exitCode;
}
