import { headers, type NatsConnection } from "@nats-io/transport-node";
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
  | { readonly outcome: "stored"; readonly sequence: number }
  | { readonly outcome: "conflict" }
  | { readonly outcome: "retry" | "full"; readonly cause: string };

/** Expected sequence does not match; the second where the engine cannot tell the right one. */
const CONFLICT = new Set([10071, 10164]);
/** No space, storage or message quota: somebody has to mend that. */
const FULL = new Set([10023, 10028, 10047, 10077]);

/**
 * Sends events in order, each naming the sequence of the one before; `expected` is that of the last message of the
 * subject. Where it does not answer `stored`, none, some of the first or all of them may be stored.
 *
 * An atomic batch (ADR-50) would be one commit, and was several times slower at every size that occurs
 * (docs/decisions/0011).
 */
export async function publishEvents(
  nc: NatsConnection,
  subject: string,
  events: readonly Outgoing[],
  expected: number,
  timeoutMs: number,
): Promise<PublishOutcome> {
  try {
    let last = expected;
    for (const event of events) {
      const answer = await nc.request(subject, event.bytes, { headers: headersOf(event, last), timeout: timeoutMs });
      const said = interpret(answer.string());
      if (said.outcome !== "stored") return said;
      last = said.sequence;
    }
    return { outcome: "stored", sequence: last };
  } catch (error) {
    // Timeout, no responder, a link that broke: the events may or may not be stored.
    return { outcome: "retry", cause: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function headersOf(event: Outgoing, expected: number) {
  const h = headers();
  h.set("Nats-Expected-Stream", RUNS);
  h.set("Nats-Msg-Id", event.messageId);
  h.set("Nats-Expected-Last-Subject-Sequence", String(expected));
  return h;
}

function interpret(answer: string): PublishOutcome {
  const { error, seq } = JSON.parse(answer) as {
    error?: { err_code?: number; code?: number; description?: string };
    seq?: number;
  };
  if (error === undefined) return { outcome: "stored", sequence: seq ?? 0 };
  const code = error.err_code ?? 0;
  if (CONFLICT.has(code)) return { outcome: "conflict" };
  const cause = `${error.description ?? "error"} (${code || error.code})`;
  return { outcome: FULL.has(code) ? "full" : "retry", cause };
}
