import { setTimeout as sleep } from "node:timers/promises";
import type { run } from "@cofferdam/contracts";
import { CofferdamError } from "./errors.ts";
import { endsRun, type WatchedEvent, watchedEvent } from "./watched-event.ts";

/** Opens the stream of a run's events from the first one. */
export type OpenStream = (signal: AbortSignal | undefined) => AsyncIterable<run.RunEvent>;

export interface WatchOptions {
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Joins as many streams as it takes into one. Every stream begins at the first event, so that going on means leaving out
 * what has come: the highest sequence of each log says what that is, since a log's events always come in their order.
 */
export async function* watchRun(open: OpenStream, options: WatchOptions = {}): AsyncGenerator<WatchedEvent> {
  const { patienceMs = 60_000, signal } = options;
  const seen = new Map<string, number>();
  let progressAt = performance.now();
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    let failure = endedEarly();
    try {
      for await (const message of open(signal)) {
        if (message.logSequence <= (seen.get(message.log) ?? 0)) continue;
        const event = watchedEvent(message);
        seen.set(message.log, message.logSequence);
        yield event;
        if (endsRun(event)) return;
        progressAt = performance.now();
        pauseMs = FIRST_PAUSE_MS;
      }
    } catch (error) {
      failure = CofferdamError.from(error);
    }
    if (failure.class !== "retryable" || performance.now() - progressAt + pauseMs > patienceMs) throw failure;
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

const endedEarly = () =>
  new CofferdamError({
    code: "UNAVAILABLE",
    reason: "STREAM_ENDED",
    message: "the stream of events ended before the run did",
    mend: "watch again",
    class: "retryable",
  });

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new CofferdamError({
      code: "CANCELLED",
      reason: "CANCELLED",
      message: "the caller cancelled",
      class: "cancelled",
      cause,
    });
  }
}
