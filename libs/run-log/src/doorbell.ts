import { AckPolicy, type Consumer, jetstream, jetstreamManager, type JsMsg } from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { RunLogError } from "./errors.ts";
import { type LogKey, logName, RunId, TaskId, type Team } from "./log-key.ts";
import { WORK } from "./streams.ts";

/** `plan`: a planner should look at the run. `task`: a worker should look at the task. */
export type DoorbellKind = "plan" | "task";

/**
 * "Look at this log", and nothing else: losing or repeating one is harmless, for the log says what is to be done. At
 * most one waits per log and kind, so that a bell rung often does not fill the queue.
 */
export interface Doorbells {
  ring(kind: DoorbellKind, key: LogKey): Promise<void>;
  /** Whether a bell for this log waits or is held by somebody. */
  isRinging(kind: DoorbellKind, key: LogKey): Promise<boolean>;
  /** Answers bells, each at one instance at a time, until closed. */
  answer(kind: DoorbellKind, options: AnswerOptions, handler: DoorbellHandler): Promise<Answering>;
}

/**
 * Looks at a log; may take hours, the bell is held meanwhile. On return the bell is answered. Where it throws, the bell
 * rings again a little later, perhaps elsewhere. In one process no two calls are for the same log; a bell that rings
 * meanwhile causes another call afterwards.
 */
export type DoorbellHandler = (key: LogKey, call: DoorbellCall) => Promise<void>;

export interface DoorbellCall {
  /** Aborts when the answering stops. */
  readonly signal: AbortSignal;
}

export interface AnswerOptions {
  /** Bells held at once. */
  readonly maxInFlight: number;
  /** After this time without a sign of life a bell rings elsewhere; 4 s by default. */
  readonly ackWaitMs?: number;
  readonly onError?: (error: unknown, key: LogKey | undefined) => void;
}

export interface Answering {
  /** Takes no more, aborts the handlers' signals, and returns when they have returned. Unanswered bells ring elsewhere. */
  close(): Promise<void>;
}

const ACK_WAIT_MS = 4_000;

export function openDoorbells({ nc, team }: { readonly nc: NatsConnection; readonly team: Team }): Doorbells {
  const js = jetstream(nc);
  return {
    ring: async (kind, key) => {
      try {
        await js.publish(bellSubject(kind, key), "", { retries: 3 });
      } catch (error) {
        throw new RunLogError("UNAVAILABLE", `ringing for ${logName(key)}: JetStream gave no answer`, "", error);
      }
    },
    isRinging: async (kind, key) => {
      const jsm = await jetstreamManager(nc, { checkAPI: false });
      return (await jsm.streams.getMessage(WORK, { last_by_subj: bellSubject(kind, key) })) !== null;
    },
    answer: async (kind, options, handler) => {
      const consumer = await bellConsumer(nc, team, kind, options);
      return new Answerer(team, consumer, options, handler).start();
    },
  };
}

const bellSubject = (kind: DoorbellKind, key: LogKey): string =>
  `cofferdam.${key.team}.work.${kind}.${key.run}${key.task === undefined ? "" : `.${key.task}`}`;

function keyOfBell(team: Team, subject: string): LogKey {
  const [, , , , run = "", task] = subject.split(".");
  return task === undefined ? { team, run: RunId(run) } : { team, run: RunId(run), task: TaskId(task) };
}

async function bellConsumer(
  nc: NatsConnection,
  team: Team,
  kind: DoorbellKind,
  options: AnswerOptions,
): Promise<Consumer> {
  const durable = `${team}-${kind}`;
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  await jsm.consumers.add(WORK, {
    durable_name: durable,
    filter_subject: `cofferdam.${team}.work.${kind}.>`,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitMs ?? ACK_WAIT_MS),
    max_ack_pending: 20_000,
    max_waiting: 10_000,
    max_deliver: -1,
  });
  return jetstream(nc).consumers.get(WORK, durable);
}

class Answerer implements Answering {
  readonly #team: Team;
  readonly #consumer: Consumer;
  readonly #options: AnswerOptions;
  readonly #handler: DoorbellHandler;
  readonly #closing = new AbortController();
  /** Logs that are being handled, and whether their bell rang again since the handler was called. */
  readonly #busy = new Map<string, { rangAgain: boolean }>();
  #loops: Promise<void>[] = [];

  constructor(team: Team, consumer: Consumer, options: AnswerOptions, handler: DoorbellHandler) {
    this.#team = team;
    this.#consumer = consumer;
    this.#options = options;
    this.#handler = handler;
  }

  start(): this {
    this.#loops = Array.from({ length: this.#options.maxInFlight }, () => this.#loop());
    return this;
  }

  async close(): Promise<void> {
    this.#closing.abort(new RunLogError("CLOSED", "the service is shutting down"));
    await Promise.all(this.#loops);
  }

  /** One slot: asks for exactly one bell at a time, so that none waits here while another instance is idle. */
  async #loop(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const messages = await this.#consumer.fetch({ max_messages: 1, expires: 5_000 });
        const stop = () => messages.stop();
        signal.addEventListener("abort", stop, { once: true });
        if (signal.aborted) stop();
        for await (const message of messages) await this.#answer(message);
        signal.removeEventListener("abort", stop);
      } catch (error) {
        this.#options.onError?.(error, undefined);
        await pause(500, signal);
      }
    }
  }

  async #answer(message: JsMsg): Promise<void> {
    if (this.#closing.signal.aborted) return message.nak();
    const key = keyOfBell(this.#team, message.subject);
    const name = logName(key);
    const busy = this.#busy.get(name);
    if (busy !== undefined) {
      // Whoever handles it will look again; should this process die, that bell rings elsewhere.
      busy.rangAgain = true;
      return message.ack();
    }
    const mine = { rangAgain: false };
    this.#busy.set(name, mine);
    const alive = setInterval(() => message.working(), (this.#options.ackWaitMs ?? ACK_WAIT_MS) / 3);
    try {
      do {
        mine.rangAgain = false;
        await this.#handler(key, { signal: this.#closing.signal });
      } while (mine.rangAgain && !this.#closing.signal.aborted);
      if (this.#closing.signal.aborted) message.nak();
      else message.ack();
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onError?.(error, key);
      message.nak(
        this.#closing.signal.aborted ? 0 : Math.min(30_000, 500 * 2 ** Math.min(message.info.deliveryCount, 6)),
      );
    } finally {
      clearInterval(alive);
      this.#busy.delete(name);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
