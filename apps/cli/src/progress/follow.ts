import type { WatchedEvent } from "@cofferdam/client";
import type { Session } from "../session.ts";
import { advance, noProgress, type RunProgress } from "./run-progress.ts";

export interface FollowOptions {
  /** Called for each event, in the order of its log, with what all events so far add up to. */
  readonly onEvent?: (event: WatchedEvent, progress: RunProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** The client picks broken streams up again; when the control plane itself is gone, the session finds the next one. */
const PATIENCE_MS = 2_000;

/** Reads a run's events from the first to its last. Resolves when the run has ended. */
export async function followRun(session: Session, runId: string, options: FollowOptions = {}): Promise<RunProgress> {
  const { signal, onEvent } = options;
  const control = { patienceMs: PATIENCE_MS, ...(signal === undefined ? {} : { signal }) };
  const seen = new Map<string, number>();
  let progress = noProgress;
  await session.call(async (client) => {
    for await (const event of client.watchRun(runId, control)) {
      if (event.sequence <= (seen.get(event.log) ?? 0)) continue;
      seen.set(event.log, event.sequence);
      progress = advance(progress, event);
      onEvent?.(event, progress);
    }
  }, signal);
  return progress;
}
