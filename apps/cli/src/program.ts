import { Command, InvalidArgumentError, Option } from "commander";
import type { ExitCode } from "@cofferdam/service/exit-code";
import type { CommandContext } from "./commands/context.ts";
import type { RunOptions } from "./commands/run.ts";

/** A command with its arguments, ready to be carried out. */
export type Act = (context: CommandContext) => Promise<ExitCode>;

const EXIT_CODES = `
Exit codes:
  0    done
  1    the run failed or was cancelled; or a defect in Cofferdam
  2    wrong arguments, no such run
  3    the manifest is invalid
  4    this machine lacks something, or something is in use or full
  5    the evidence does not verify
  130  interrupted (Ctrl-C)

Environment:
  OPENAI_API_KEY, OPENAI_BASE_URL  the model that answers; without a key the manifest's script stands in for it
  COFFERDAM_HOME                   where state is kept (default: .cofferdam in the checkout)
  COFFERDAM_TEAM                   team of the control plane (default: local)
  COFFERDAM_LOG_LEVEL              debug, info, warn, error or silent; the log is in <home>/logs
`;

/**
 * The command line. Each command's module is loaded when it is carried out, so that \`--help\` and argument errors cost
 * nothing.
 */
export function createProgram(execute: (act: Act) => Promise<void>): Command {
  const program = new Command("cofferdam")
    .description("Run AI agents over governed workspaces, and prove what they did.")
    .option("--json", "answer with JSON on standard output, and nothing else there")
    .addHelpText("after", EXIT_CODES)
    .showHelpAfterError("(`cofferdam --help` shows the commands)")
    .exitOverride();
  addRun(program, execute);
  addUp(program, execute);
  addReading(program, execute);
  addOutputs(program, execute);
  addEvidence(program, execute);
  return program;
}

type Execute = (act: Act) => Promise<void>;

function addRun(program: Command, execute: Execute): void {
  program
    .command("run")
    .description("start a run and wait for its end; starts a control plane where none runs")
    .argument("<manifest>", "manifest file, YAML or JSON")
    .option("--idempotency-key <key>", "the same key with the same manifest is the same run")
    .addOption(
      new Option("--chaos <fault>", "inject a fault: kill-sandbox@N kills the sandbox of the first step N; repeatable")
        .argParser(collectFaults)
        .default([], "none"),
    )
    .addOption(
      new Option(
        "--input <name=place>",
        "read an input from another folder or file than the manifest names; repeatable",
      )
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--record <tape>", "write what a real model answers to this file").conflicts(["replay"]))
    .option("--replay <tape>", "answer from a tape instead of a model; no key is needed")
    .addHelpText("after", "\nThe run is durable: after Ctrl-C or a crash `cofferdam resume` goes on with it.")
    .action(async (manifest: string, options: RunOptions) =>
      execute(async (context) => (await import("./commands/run.ts")).runManifest(context, manifest, options)),
    );
  program
    .command("resume")
    .description("go on with unfinished runs, or one of them, and wait for their end")
    .argument("[run]", "only this run is waited for; all go on")
    .action(async (run: string | undefined) =>
      execute(async (context) => (await import("./commands/resume.ts")).resumeRuns(context, run)),
    );
  program
    .command("cancel")
    .description("end a run at its next safe point, and wait for that")
    .argument("<run>")
    .option("--reason <text>", "recorded with the run", "cancelled from the command line")
    .action(async (run: string, { reason }: { reason: string }) =>
      execute(async (context) => (await import("./commands/cancel.ts")).cancelRun(context, run, reason)),
    );
}

function addUp(program: Command, execute: Execute): void {
  program
    .command("up")
    .description("run the control plane until interrupted")
    .option("--processes", "each service as a process of its own, started again when it ends")
    .option("--listen <address>", "serve the public gRPC API here too, e.g. 127.0.0.1:7233 (loopback only)")
    .option(
      "--allow-local-files",
      "let callers of --listen name files of this machine: any local user may call, and sees them with your rights",
    )
    .action(async (options: { processes?: true; listen?: string; allowLocalFiles?: true }) =>
      execute(async (context) => (await import("./commands/up.ts")).runControlPlane(context, options)),
    );
}

function addReading(program: Command, execute: Execute): void {
  program
    .command("runs")
    .description("list runs, newest first")
    .addOption(new Option("-n, --most <count>", "how many").argParser(positiveCount).default(20))
    .action(async ({ most }: { most: number }) =>
      execute(async (context) => (await import("./commands/runs.ts")).listRuns(context, most)),
    );
  program
    .command("show")
    .description("show the report of a run")
    .argument("<run>")
    .action(async (run: string) =>
      execute(async (context) => (await import("./commands/show.ts")).showRun(context, run)),
    );
  program
    .command("watch")
    .description("show a run's events from the first, until it ends; with --json one CloudEvent on each line")
    .argument("<run>")
    .action(async (run: string) =>
      execute(async (context) => (await import("./commands/watch.ts")).watchRun(context, run)),
    );
}

function addOutputs(program: Command, execute: Execute): void {
  program
    .command("outputs")
    .description("list what a run has published")
    .argument("<run>")
    .action(async (run: string) =>
      execute(async (context) => (await import("./commands/outputs.ts")).listOutputs(context, run)),
    );
  program
    .command("cat")
    .description("print one published file")
    .argument("<run>")
    .argument("<output>", "name of the output in the manifest")
    .argument("<path>", "path as `outputs` lists it")
    .action(async (run: string, output: string, path: string) =>
      execute(async (context) => (await import("./commands/outputs.ts")).printOutput(context, run, output, path)),
    );
}

function addEvidence(program: Command, execute: Execute): void {
  program
    .command("verify")
    .description("verify a run, a published file or the whole ledger, from files alone")
    .argument(
      "[run|file]",
      "run whose end, bodies and outputs are checked, or file whose publication is; all runs when absent",
    )
    .option("--ledger <folder>", "another ledger than this machine's")
    .option("--key <key>", "verifier key that is trusted, or a file that holds it; this machine's when absent")
    .action(async (subject: string | undefined, options: { ledger?: string; key?: string }) =>
      execute(async (context) => (await import("./commands/verify.ts")).verify(context, subject, options)),
    );
  program
    .command("doctor")
    .description("check this machine, and say what is missing and how to get it")
    .action(async () => execute(async (context) => (await import("./commands/doctor.ts")).diagnose(context)));
}

const collect = (text: string, before: readonly string[]): readonly string[] => [...before, text];

function collectFaults(text: string, before: readonly string[]): readonly string[] {
  if (!/^kill-sandbox@[1-9]\d{0,5}$/.test(text)) {
    throw new InvalidArgumentError("Faults are written kill-sandbox@<step>, e.g. kill-sandbox@19.");
  }
  return [...before, text];
}

function positiveCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
