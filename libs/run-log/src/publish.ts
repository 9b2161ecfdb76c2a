import { headers, type NatsConnection } from "@nats-io/transport-node";
import { nuid } from "@nats-io/nats-core";
import { RUNS } from "./streams.ts";

/** One event on its way: its bytes, and an id that no other writer can have. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  readonly messageId: string;
}

/**
 * What the engine said. `conflict`: somebody wrote first. `retry`: it did not say, or not now. None of it is believed
 * before the log has been read back.
 */
export type PublishOutcome =
  | { readonly outcome: "stored" | "conflict" }
  | { readonly outcome: "retry" | "full"; readonly cause: string };

/** Expected sequence does not match; the second where the engine cannot tell the right one. */
const CONFLICT = new Set([10071, 10164]);
/** No space, storage or message quota: somebody has to mend that. */
const FULL = new Set([10023, 10028, 10047, 10077]);

/**
 * Sends events as one commit: all become visible or none. `expected` is the sequence of the last message of the
 * subject. One round trip: the messages of an atomic batch (nats-server 2.12, ADR-50) travel on one connection in order,
 * and only the last is answered.
 */
export async function publishEvents(
  nc: NatsConnection,
  subject: string,
  events: readonly Outgoing[],
  expected: number,
  timeoutMs: number,
): Promise<PublishOutcome> {
  const batchId = nuid.next();
  try {
    for (const [i, event] of events.entries()) {
      const isLast = i === events.length - 1;
      const h = headers();
      h.set("Nats-Expected-Stream", RUNS);
      h.set("Nats-Msg-Id", event.messageId);
      if (i === 0) h.set("Nats-Expected-Last-Subject-Sequence", String(expected));
      if (events.length > 1) {
        h.set("Nats-Batch-Id", batchId);
        h.set("Nats-Batch-Sequence", String(i + 1));
        if (isLast) h.set("Nats-Batch-Commit", "1");
      }
      if (!isLast) nc.publish(subject, event.bytes, { headers: h });
      else return interpret((await nc.request(subject, event.bytes, { headers: h, timeout: timeoutMs })).string());
    }
    throw new RangeError("nothing to publish");
  } catch (error) {
    if (error instanceof RangeError) throw error;
    // Timeout, no responder, a link that broke: the events may or may not be stored.
    return { outcome: "retry", cause: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function interpret(answer: string): PublishOutcome {
  const { error } = JSON.parse(answer) as { error?: { err_code?: number; code?: number; description?: string } };
  if (error === undefined) return { outcome: "stored" };
  const code = error.err_code ?? 0;
  if (CONFLICT.has(code)) return { outcome: "conflict" };
  const cause = `${error.description ?? "error"} (${code || error.code})`;
  return { outcome: FULL.has(code) ? "full" : "retry", cause };
}
