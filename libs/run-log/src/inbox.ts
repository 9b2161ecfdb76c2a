import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { RunLogError } from "./errors.ts";
import { inboxSubject, type LogKey, logName } from "./log-key.ts";
import { INBOX } from "./streams.ts";
import { StoredLog } from "./stored.ts";

/** What somebody asks of a run or a task. */
export interface InboxMessage {
  /** Idempotency key: the same id twice is one message. At most 200 characters. */
  readonly id: string;
  readonly command: "cancel";
  /** As authenticated. */
  readonly principal: string;
  readonly reason: string;
}

/** Messages to the owner of a log, who takes them into account with `command.accepted`. */
export interface Inbox {
  /** On return the message is durable. */
  send(key: LogKey, message: InboxMessage): Promise<void>;
  /** Every message so far, in order, each id once. */
  read(key: LogKey): Promise<InboxMessage[]>;
  /** Calls back for each message, those so far too, soon after it was sent. */
  watch(key: LogKey, onMessage: (message: InboxMessage) => void): InboxWatch;
}

export interface InboxWatch {
  close(): void;
}

/** How late a message is noticed at most where its live notice was lost. */
const POLL_MS = 5_000;

export function openInbox({ nc }: { readonly nc: NatsConnection }): Inbox {
  const js = jetstream(nc);
  const stored = new StoredLog(nc);

  const readFrom = async (key: LogKey, after: number, seen: Set<string>) => {
    const messages: InboxMessage[] = [];
    let sequence = after;
    for await (const message of stored.in(INBOX, inboxSubject(key), after)) {
      ({ sequence } = message);
      const parsed = parseMessage(message.bytes);
      if (parsed === undefined || seen.has(parsed.id)) continue;
      seen.add(parsed.id);
      messages.push(parsed);
    }
    return { messages, sequence };
  };

  return {
    send: async (key, message) => {
      const { id, command, principal, reason } = message;
      const body = JSON.stringify({ id, command, principal, reason });
      try {
        await js.publish(inboxSubject(key), body, { msgID: `${logName(key)}:${id}`, retries: 5 });
      } catch (error) {
        throw new RunLogError(
          "UNAVAILABLE",
          `sending ${command} to ${logName(key)}`,
          "send it again with the same id",
          error,
        );
      }
    },
    read: async (key) => (await readFrom(key, 0, new Set())).messages,
    watch: (key, onMessage) => {
      const seen = new Set<string>();
      let sequence = 0;
      let reading: Promise<void> = Promise.resolve();
      let closed = false;
      const look = () => {
        reading = reading
          .then(async () => {
            if (closed) return;
            const news = await readFrom(key, sequence, seen);
            ({ sequence } = news);
            for (const message of news.messages) if (!closed) onMessage(message);
          })
          // The next look reads what this one could not.
          .catch(() => undefined);
      };
      const subscription = nc.subscribe(inboxSubject(key), { callback: look });
      const timer = setInterval(look, POLL_MS);
      look();
      return {
        close: () => {
          closed = true;
          clearInterval(timer);
          subscription.unsubscribe();
        },
      };
    },
  };
}

function parseMessage(bytes: Uint8Array): InboxMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, command, principal, reason } = value as Record<string, unknown>;
  if (typeof id !== "string" || id === "" || id.length > 200 || command !== "cancel") return undefined;
  return {
    id,
    command,
    principal: typeof principal === "string" ? principal : "",
    reason: typeof reason === "string" ? reason : "",
  };
}
