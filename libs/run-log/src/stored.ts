import type { NatsConnection } from "@nats-io/transport-node";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { StoredMessage } from "./fold.ts";
import { type LogKey, logSubject } from "./log-key.ts";
import { RUNS } from "./streams.ts";

const PAGE = 256;

/** Reads stored messages of one log. */
export class StoredLog {
  readonly #nc: NatsConnection;
  #manager: Promise<JetStreamManager> | undefined;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** Throws while JetStream does not answer. */
  manager(): Promise<JetStreamManager> {
    this.#manager ??= jetstreamManager(this.#nc, { checkAPI: false }).catch((error: unknown) => {
      this.#manager = undefined;
      throw error;
    });
    return this.#manager;
  }

  /**
   * The first message after `sequence`, as the stream's leader has it: a replica that lags cannot make a writer believe
   * that its event is not there.
   */
  async next(key: LogKey, sequence: number): Promise<StoredMessage | undefined> {
    return this.#next(RUNS, logSubject(key), sequence);
  }

  /** Every message of a log after `sequence` up to the newest that the leader has. */
  after(key: LogKey, sequence: number): AsyncGenerator<StoredMessage> {
    return this.in(RUNS, logSubject(key), sequence);
  }

  /** Every message of a subject after `sequence` up to the newest that the leader has. */
  async *in(stream: string, subject: string, sequence: number): AsyncGenerator<StoredMessage> {
    let last = sequence;
    for (;;) {
      const message = await this.#next(stream, subject, last);
      if (message === undefined) return;
      yield message;
      last = message.sequence;
      for await (const more of this.#page(stream, subject, last)) {
        yield more;
        last = more.sequence;
      }
    }
  }

  async #next(stream: string, subject: string, sequence: number): Promise<StoredMessage | undefined> {
    const jsm = await this.manager();
    // The API takes `next_by_subj` (ADR-31); the client's type leaves it out.
    const query: { seq: number; next_by_subj: string } = { seq: sequence + 1, next_by_subj: subject };
    const message = await jsm.streams.getMessage(stream, query);
    return message === null ? undefined : { sequence: message.seq, bytes: message.data };
  }

  /** Messages after `sequence` in order, many per request, perhaps without the newest. */
  async *#page(stream: string, subject: string, sequence: number): AsyncGenerator<StoredMessage> {
    const jsm = await this.manager();
    const messages = await jsm.direct.getBatch(stream, { seq: sequence + 1, batch: PAGE, next_by_subj: subject });
    try {
      for await (const message of messages) yield { sequence: message.seq, bytes: message.data };
    } catch (error) {
      // 404: there are no more.
      if (!(error instanceof Error && "code" in error && error.code === 404)) throw error;
    }
  }
}
