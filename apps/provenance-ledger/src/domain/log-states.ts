import { emptyState, fold, type LogKey, logName, type RunState, type StoredMessage } from "@cofferdam/run-log";
import { LedgerError } from "../errors.ts";

/** Recorded events of a log, oldest first. */
export type LogReader = (log: string) => AsyncIterable<StoredMessage>;

/** Folded states of the logs used last; others are folded again from the archive when a message asks for them. */
export class LogStates {
  readonly #read: LogReader;
  readonly #capacity: number;
  readonly #states = new Map<string, RunState>();

  constructor(read: LogReader, capacity = 1_000) {
    this.#read = read;
    this.#capacity = capacity;
  }

  async get(key: LogKey): Promise<RunState> {
    const log = logName(key);
    return this.#states.get(log) ?? (await this.#refold(key, log));
  }

  set(key: LogKey, state: RunState): void {
    const log = logName(key);
    this.#states.delete(log);
    this.#states.set(log, state);
    const [oldest] = this.#states.keys();
    if (this.#states.size > this.#capacity && oldest !== undefined) this.#states.delete(oldest);
  }

  async #refold(key: LogKey, log: string): Promise<RunState> {
    let state = emptyState(key);
    for await (const message of this.#read(log)) {
      const folded = fold(state, message);
      if (!folded.valid) {
        throw new LedgerError(
          "DAMAGED",
          `the archived event of log ${log} at stream sequence ${message.sequence} is not valid: ${folded.reason}`,
          "verify the ledger's folder and restore it from a copy",
        );
      }
      state = folded.state;
    }
    return state;
  }
}
