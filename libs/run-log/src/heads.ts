import { DeliverPolicy, jetstream, type JsMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { NOTICE_SOON } from "./consume-options.ts";
import { type LogKey, parseLogSubject, type Team } from "./log-key.ts";
import { RUNS } from "./streams.ts";

/** The last message of a log, not folded: good for finding work, not for deciding anything. */
export interface LogHead {
  readonly key: LogKey;
  readonly sequence: number;
  /** `run.submitted` and so on; empty where the message cannot be read. */
  readonly type: string;
  /** RFC 3339 by the writer's clock; empty where the message cannot be read. */
  readonly time: string;
  /** Whether the log has ended, if this message is valid. */
  readonly ends: boolean;
  /** Whether every log has shown its head by now. */
  readonly caughtUp: boolean;
}

const ending = new Set(["run.completed", "run.failed", "run.cancelled"]);

export async function readHeads(nc: NatsConnection, team: Team): Promise<LogHead[]> {
  const consumer = await lastPerLog(nc, team);
  const heads: LogHead[] = [];
  try {
    const { num_pending: total } = await consumer.info();
    while (heads.length < total) {
      const before = heads.length;
      const messages = await consumer.fetch({ max_messages: Math.min(500, total - heads.length), expires: 5_000 });
      for await (const message of messages) heads.push(headOf(message));
      if (heads.length === before) break;
    }
  } finally {
    await consumer.delete();
  }
  return heads;
}

export async function* followHeads(nc: NatsConnection, team: Team, signal: AbortSignal): AsyncGenerator<LogHead> {
  if (signal.aborted) return;
  const consumer = await lastPerLog(nc, team);
  const messages = await consumer.consume({ max_messages: 256, ...NOTICE_SOON });
  const stop = () => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const message of messages) yield headOf(message);
  } finally {
    signal.removeEventListener("abort", stop);
    await messages.close();
    await consumer.delete();
  }
}

const lastPerLog = (nc: NatsConnection, team: Team) =>
  jetstream(nc).consumers.get(RUNS, {
    filter_subjects: [`cofferdam.${team}.run.*.log`, `cofferdam.${team}.run.*.task.*.log`],
    deliver_policy: DeliverPolicy.LastPerSubject,
  });

function headOf(message: JsMsg): LogHead {
  const { type, time } = labelOf(message.data);
  return {
    key: parseLogSubject(message.subject),
    sequence: message.seq,
    type,
    time,
    ends: ending.has(type),
    caughtUp: message.info.pending === 0,
  };
}

/** Reads no more of an envelope than is shown: whether it is valid is for the fold to say. */
function labelOf(bytes: Uint8Array): { type: string; time: string } {
  const none = { type: "", time: "" };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return none;
  }
  if (typeof value !== "object" || value === null) return none;
  const { type, time } = value as Record<string, unknown>;
  if (typeof type !== "string" || typeof time !== "string") return none;
  return { type: type.replace(/^cofferdam\./, ""), time };
}
