import { Address } from "@cofferdam/service";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";
import { openHome } from "../local/home.ts";
import { openControlPlane, type StartPlane } from "../local/open.ts";
import { teamOf } from "../local/team.ts";
import { jsonLine } from "../render/json-text.ts";
import { type CommandContext, startPlaneOf } from "./context.ts";

export interface UpOptions {
  readonly processes?: boolean;
  readonly listen?: string;
  readonly allowLocalFiles?: boolean;
}

/** `cofferdam up`: runs are carried out until Ctrl-C; those that have not ended go on at the next start. */
export async function runControlPlane(context: CommandContext, options: UpOptions): Promise<ExitCode> {
  const { terminal, env, checkout, signal, json } = context;
  const listen = options.listen === undefined ? undefined : parseListen(options.listen);
  const home = openHome(env, checkout);
  const plane = await openControlPlane(
    home,
    {
      mode: "full",
      team: teamOf(env),
      chaos: [],
      listen,
      listenLocalFiles: options.allowLocalFiles === true,
      ownBecause: "`up` would start a second one",
    },
    options.processes === true ? startProcessesOf(context) : startPlaneOf(context),
    (text) => terminal.notice(text),
  );
  try {
    const { pid, gateway } = plane.record;
    if (json) terminal.write(jsonLine({ ready: true, pid, gateway, listen, home: home.root }));
    else {
      terminal.notice(`control plane ready (pid ${pid}), home ${home.root}`);
      terminal.notice(`  API on this machine  ${gateway}`);
      if (listen !== undefined) terminal.notice(`  public API           ${listen}`);
      terminal.notice(
        `  model                ${env["OPENAI_API_KEY"] ? "by OPENAI_API_KEY" : "scripted: no OPENAI_API_KEY is set"}`,
      );
      terminal.notice("Ctrl-C stops it");
    }
    if (!signal.aborted) await new Promise((stop) => signal.addEventListener("abort", stop, { once: true }));
    return ExitCode.OK;
  } finally {
    await plane.close();
  }
}

const startProcessesOf =
  (context: CommandContext): StartPlane =>
  async (home, options, notice) => {
    const { startProcesses } = await import("../local/start-processes.ts");
    return startProcesses(home, { ...options, env: context.env, checkout: context.checkout }, notice);
  };

function parseListen(text: string): Address {
  try {
    return Address(text);
  } catch (cause) {
    throw new CliError({
      code: "USAGE",
      message: `--listen: ${cause instanceof Error ? cause.message : "no address"}`,
      mend: "give a loopback address and a port, e.g. 127.0.0.1:7233; put a TLS proxy before it for others",
      exitCode: ExitCode.USAGE,
      cause,
    });
  }
}
