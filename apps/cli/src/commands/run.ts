import { randomUUID } from "node:crypto";
import type { ExitCode } from "@cofferdam/service/exit-code";
import { manifestErrorFrom, readManifestFile } from "../manifest-file.ts";
import { parseInputPlaces } from "../input-places.ts";
import { type CommandContext, openSession } from "./context.ts";
import { seeThrough } from "./see-through.ts";

export interface RunOptions {
  readonly chaos?: readonly string[] | undefined;
  readonly idempotencyKey?: string | undefined;
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
    ownBecause:
      chaos.length > 0 ? "faults can only be injected into a control plane started for them (--chaos)" : undefined,
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
        throw manifestErrorFrom(error, file);
      });
    if (!context.terminal.live)
      context.terminal.notice(`run ${runId}${created ? "" : " (started before with this key)"}`);
    return await seeThrough(context, session, runId);
  } finally {
    await session.close();
  }
}
