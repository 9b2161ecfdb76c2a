import { setTimeout as sleep } from "node:timers/promises";
import {
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { messageDigest } from "@cofferdam/evidence";
import { Divergence } from "../errors.ts";
import type { Position, StreamMessage } from "../domain/sequencer.ts";

const MAX_BATCH = 1_024;
/** Messages waiting for a commit before reading pauses. */
const MAX_QUEUE = 4 * MAX_BATCH;
/** Time for more messages to join a batch: each batch costs several fsyncs. */
const LINGER_MS = 15;
const IDLE_MS = 1_000;
/** Seconds of silence after which the stream is asked whether there is really nothing. */
const STALL_TICKS = 3;
const STREAM_NOT_FOUND = 10059;

/**
 * Stream RUNS, read in order from where the ledger stands. No durable consumer: its acknowledgements would be a second
 * record of how far the ledger has read, and the two would part in a crash.
 */
export class RunStream {
  readonly #nc: NatsConnection;
  readonly #stream: string;

  constructor(nc: NatsConnection, stream: string) {
    this.#nc = nc;
    this.#stream = stream;
  }

  /**
   * Batches of messages after `position()`, which must have advanced before the next is asked for. Before a batch is
   * given out, and once a second without one, the stream is checked against the ledger. Throws {@link Divergence}, and
   * whatever JetStream throws while it does not answer.
   */
  async *batches(position: () => Position, signal: AbortSignal): AsyncGenerator<StreamMessage[]> {
    const jsm = await jetstreamManager(this.#nc, { checkAPI: false });
    await this.#check(jsm, position());
    const consumer = await jetstream(this.#nc).consumers.get(this.#stream, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: position().lastSequence + 1,
    });
    const messages = await consumer.consume({ max_messages: MAX_BATCH });
    const queue = new Queue();
    const stop = () => messages.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    void fill(queue, messages, signal);
    try {
      for (let idle = 0; !signal.aborted; idle++) {
        const batch = await queue.take();
        await this.#check(jsm, position());
        if (batch.length > 0) {
          idle = 0;
          yield batch;
        } else if (idle >= STALL_TICKS) await this.#requireNothingNew(jsm, position());
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await messages.close();
    }
  }

  /** The message that the ledger took last must still be there, and be the same. */
  async #check(jsm: JetStreamManager, { lastSequence, lastMessage }: Position): Promise<void> {
    if (lastSequence === 0) return;
    const message = await jsm.streams.getMessage(this.#stream, { seq: lastSequence }).catch(absentWithStream);
    if (message === null) return await this.#explainAbsence(jsm, lastSequence);
    if (messageDigest(message.subject, message.data) === lastMessage) return;
    throw new Divergence(
      "fork",
      lastSequence,
      `stream ${this.#stream} holds another message at sequence ${lastSequence}`,
    );
  }

  /** A subscription that stays silent while the stream goes on is opened anew by whoever catches this. */
  async #requireNothingNew(jsm: JetStreamManager, { lastSequence }: Position): Promise<void> {
    const { state } = await jsm.streams.info(this.#stream);
    if (state.last_seq > lastSequence) {
      throw new Error(`the subscription gives nothing after ${lastSequence}, the stream has ${state.last_seq}`);
    }
  }

  async #explainAbsence(jsm: JetStreamManager, lastSequence: number): Promise<void> {
    const info = await jsm.streams.info(this.#stream).catch(absentWithStream);
    const [first, last] = [info?.state.first_seq ?? 0, info?.state.last_seq ?? 0];
    if (last < lastSequence) {
      const what = `stream ${this.#stream} ends at sequence ${last}, the ledger has recorded ${lastSequence}`;
      throw new Divergence("rewind", last, what);
    }
    // Retention may remove what was recorded; it may not reach beyond it.
    if (first === lastSequence + 1) return;
    throw new Divergence(
      "gap",
      lastSequence,
      `stream ${this.#stream} has lost the message at sequence ${lastSequence}`,
    );
  }
}

/** Messages between the subscription and the commits. */
class Queue {
  #items: StreamMessage[] = [];
  #failure: unknown;
  #failed = false;
  #wake: () => void = () => undefined;

  get length(): number {
    return this.#items.length;
  }

  push(item: StreamMessage): void {
    this.#items.push(item);
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = error;
    this.#failed = true;
    this.#wake();
  }

  /** Up to {@link MAX_BATCH} messages; none after {@link IDLE_MS} without one. */
  async take(): Promise<StreamMessage[]> {
    if (this.#items.length === 0 && !this.#failed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, IDLE_MS);
      await promise;
      clearTimeout(timer);
    }
    if (this.#items.length > 0 && this.#items.length < MAX_BATCH) await sleep(LINGER_MS);
    if (this.#items.length === 0 && this.#failed) throw this.#failure;
    return this.#items.splice(0, MAX_BATCH);
  }
}

async function fill(queue: Queue, messages: ConsumerMessages, signal: AbortSignal): Promise<void> {
  try {
    for await (const { seq, subject, data } of messages) {
      queue.push({ sequence: seq, subject, bytes: data });
      while (queue.length >= MAX_QUEUE && !signal.aborted) await sleep(LINGER_MS);
    }
    queue.fail(new Error("the subscription to the run log ended"));
  } catch (error) {
    queue.fail(error);
  }
}

function absentWithStream(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
  throw error;
}
