import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";
import { manifestErrorFrom, readManifestFile } from "../manifest-file.ts";
import { parseInputPlaces } from "../input-places.ts";
import type { PlaneOptions } from "../local/plane.ts";
import { type CommandContext, openSession } from "./context.ts";
import { seeThrough } from "./see-through.ts";

export interface RunOptions {
  readonly chaos?: readonly string[] | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Tape to write the model's answers to, and tape to answer from. At most one. */
  readonly record?: string | undefined;
  readonly replay?: string | undefined;
  /** `name=place` of inputs that are read from elsewhere. */
  readonly input?: readonly string[] | undefined;
}

/** Reading, checking and storing the inputs takes as long as they are large. */
const START_MS = 600_000;

/** `cofferdam run <manifest>` */
export async function runManifest(context: CommandContext, path: string, options: RunOptions): Promise<ExitCode> {
  const file = readManifestFile(path);
  const inputLocations = parseInputPlaces(options.input ?? []);
  const chaos = options.chaos ?? [];
  const session = await openSession(context, {
    mode: "full",
    chaos,
    tape: tapeOf(options),
    ownBecause: ownBecause(options),
  });
  try {
    const request = {
      manifest: file.text,
      manifestPath: file.shown,
      baseLocation: file.folder,
      inputLocations,
      // A key of our own, so that a start that is asked for again after a lost answer is the same run.
      idempotencyKey: options.idempotencyKey ?? randomUUID(),
    };
    const { runId, created } = await session
      .call((client) => client.startRun(request, { timeoutMs: START_MS, signal: context.signal }), context.signal)
      .catch((error: unknown) => {
        throw context.signal.aborted ? interruptedSubmission(error) : manifestErrorFrom(error, file);
      });
    if (!context.terminal.live)
      context.terminal.notice(`run ${runId}${created ? "" : " (started before with this key)"}`);
    return await seeThrough(context, session, runId);
  } finally {
    await session.close();
  }
}

const interruptedSubmission = (cause: unknown): CliError =>
  new CliError({
    code: "INTERRUPTED",
    message: "interrupted while the run was being submitted",
    mend: "`cofferdam runs` shows whether it was accepted; one that was goes on with `cofferdam resume`",
    exitCode: ExitCode.INTERRUPTED,
    cause,
  });

function tapeOf({ record, replay }: RunOptions): PlaneOptions["tape"] {
  if (record !== undefined) return { use: "record", path: resolve(record) };
  return replay === undefined ? undefined : { use: "replay", path: resolve(replay) };
}

/** What only a control plane that is started for it can do. */
function ownBecause({ chaos = [], record, replay }: RunOptions): string | undefined {
  if (chaos.length > 0) return "faults can only be injected into one started for them (--chaos)";
  if (record !== undefined) return "answers can only be recorded by one started for that (--record)";
  return replay === undefined ? undefined : "answers can only be replayed by one started for that (--replay)";
}
