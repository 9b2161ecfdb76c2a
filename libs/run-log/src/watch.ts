import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { NOTICE_SOON } from "./consume-options.ts";
import { emptyState, fold } from "./fold.ts";
import { parseLogSubject, runFilter, type RunId, type Team } from "./log-key.ts";
import type { StoredEvent } from "./run-log.ts";
import { isTerminal, type RunState } from "./state.ts";
import { RUNS } from "./streams.ts";

/** See RunLog.watchRun. */
export async function* watchRun(
  nc: NatsConnection,
  team: Team,
  run: RunId,
  signal?: AbortSignal,
): AsyncGenerator<StoredEvent> {
  if (signal?.aborted) return;
  // An ordered consumer begins anew by itself after any gap, restart or lost link.
  const consumer = await jetstream(nc).consumers.get(RUNS, { filter_subjects: runFilter(team, run) });
  const messages = await consumer.consume({ max_messages: 256, ...NOTICE_SOON });
  const stop = () => messages.stop();
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const states = new Map<string, RunState>();
  try {
    for await (const message of messages) {
      const key = parseLogSubject(message.subject);
      const stored = { sequence: message.seq, bytes: message.data };
      const folded = fold(states.get(message.subject) ?? emptyState(key), stored);
      states.set(message.subject, folded.state);
      if (!folded.valid) continue;
      yield { key, ...stored, ...folded };
      if (key.task === undefined && isTerminal(folded.state)) return;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    await messages.close();
    await consumer.delete();
  }
}
