import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/nats-core";
import type { StateRecord } from "@cofferdam/evidence";
import { logName, RUNS, type StoredMessage, type Team } from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import type { NoteSigner } from "@cofferdam/transparency-log";
import { EventIndex } from "./adapters/event-index.ts";
import { LedgerStore, type LedgerStoreOptions } from "./adapters/ledger-store.ts";
import { RunStream } from "./adapters/run-stream.ts";
import { LogStates } from "./domain/log-states.ts";
import { type Position, sequence, type SequencedEvent, type StreamMessage } from "./domain/sequencer.ts";
import { Divergence } from "./errors.ts";

export interface LedgerOptions {
  readonly nc: NatsConnection;
  readonly folder: string;
  readonly team: Team;
  readonly signer: NoteSigner;
  readonly logger: Logger;
}

const RETRY_MS = 250;

/** Takes the run log in: reads, sequences, commits, and says when something was committed. */
export class Ledger {
  readonly #options: LedgerOptions;
  #store: LedgerStore;
  readonly index: EventIndex;
  #states: LogStates;
  #divergence: Divergence | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(options: LedgerOptions, store: LedgerStore, index: EventIndex) {
    this.#options = options;
    this.#store = store;
    this.index = index;
    this.#states = this.#freshStates();
  }

  static async open(options: LedgerOptions): Promise<Ledger> {
    const store = await LedgerStore.open(storeOptions(options));
    const { folder, signer, logger } = options;
    const index = await EventIndex.open(folder, signer.name, store.files, store.state.size, logger);
    return new Ledger(options, store, index);
  }

  get state(): StateRecord {
    return this.#store.state;
  }

  get files(): LedgerStore["files"] {
    return this.#store.files;
  }

  /** Set once the ledger has stopped for good. */
  get divergence(): Divergence | undefined {
    return this.#divergence;
  }

  /** Calls back after each commit, and when the ledger diverges. Returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Runs until aborted or diverged. Any other failure is tried again from what is on disk. */
  async run(signal: AbortSignal): Promise<void> {
    const { nc, logger } = this.#options;
    const stream = new RunStream(nc, RUNS);
    while (!signal.aborted) {
      try {
        for await (const messages of stream.batches(() => this.#position(), signal)) await this.#take(messages);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Divergence) return this.#freeze(error);
        logger.warn({ err: error }, "the run log could not be taken in; trying again");
        await sleep(RETRY_MS);
        await this.#reopen(signal);
      }
    }
  }

  #position(): Position {
    const { size, lastSequence, lastMessage } = this.#store.state;
    return { size, lastSequence, lastMessage };
  }

  async #take(messages: readonly StreamMessage[]): Promise<void> {
    const batch = await sequence(this.#position(), messages, this.#options.team, this.#states);
    if (batch.position.lastSequence > this.#store.state.lastSequence) await this.#store.commit(batch);
    this.index.add(batch.events.map(indexed));
    this.#options.logger.debug(
      { first: batch.firstSequence, last: batch.position.lastSequence, size: batch.position.size, voids: batch.voids },
      "ledger.committed",
    );
    this.#announce();
    if (batch.divergence !== undefined) throw batch.divergence;
  }

  #freeze(divergence: Divergence): void {
    const { kind, sequence: at, message, mend } = divergence;
    this.#divergence = divergence;
    this.#options.logger.error({ kind, sequence: at, problem: message, mend }, "ledger.divergence");
    this.#announce();
  }

  /** A commit that failed half-way leaves memory ahead of the disk, which is what counts. */
  async #reopen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#store = await LedgerStore.open(storeOptions(this.#options));
        await this.index.catchUp(this.#store.files, this.#store.state.size);
        this.#states = this.#freshStates();
        return;
      } catch (error) {
        this.#options.logger.error({ err: error }, "the ledger's folder cannot be opened; trying again");
        await sleep(RETRY_MS * 4);
      }
    }
  }

  #freshStates(): LogStates {
    return new LogStates((log) => this.#read(log));
  }

  async *#read(log: string): AsyncGenerator<StoredMessage> {
    for (const { index } of this.index.ofLog(log)) {
      const { sequence: at, envelope } = await this.#store.files.event(index, this.#store.state.size);
      yield { sequence: at, bytes: envelope };
    }
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

const storeOptions = ({ folder, signer, team }: LedgerOptions): LedgerStoreOptions => ({
  folder,
  signer,
  team,
  stream: RUNS,
});

const indexed = ({ index, sequence: at, key, envelope }: SequencedEvent) => ({
  index,
  sequence: at,
  log: logName(key),
  ordinal: envelope.ordinal,
  type: envelope.type,
});
