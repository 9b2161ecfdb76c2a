import { appendEvents, type AppendDeps, type Writer } from "./append.ts";
import { RunLogError } from "./errors.ts";
import type { LogEvent } from "./event-types.ts";
import { type LogKey, logName } from "./log-key.ts";
import type { RunState } from "./state.ts";

/** The right to continue one log in one epoch, until somebody claims a higher one. */
export interface LogWriter {
  readonly key: LogKey;
  readonly epoch: number;
  readonly owner: string;
  /** As of the last append. */
  readonly state: RunState;
  /** Aborts with the error when the log is lost. Work that is under way for this log must stop then. */
  readonly signal: AbortSignal;
  /**
   * Appends events in order; on return they are durable, valid and read back. Calls queue. Where an append fails, some of
   * the first may have become part of the log, so each prefix must make sense. After any failure but INVALID_TRANSITION
   * the writer is spent: what became of the events is found by claiming anew.
   * Throws RunLogError FENCED, TERMINAL, UNAVAILABLE, STORAGE_FULL, INVALID_TRANSITION or REWOUND.
   */
  append(events: readonly LogEvent[]): Promise<void>;
}

export class ClaimedWriter implements LogWriter {
  readonly #deps: AppendDeps;
  readonly #writer: Writer;
  readonly #spent = new AbortController();
  readonly #onState: (state: RunState) => void;
  #state: RunState;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: AppendDeps, state: RunState, writer: Writer, onState: (state: RunState) => void) {
    this.#deps = deps;
    this.#state = state;
    this.#writer = writer;
    this.#onState = onState;
  }

  get key(): LogKey {
    return this.#state.key;
  }

  get epoch(): number {
    return this.#writer.epoch;
  }

  get owner(): string {
    return this.#writer.owner;
  }

  get state(): RunState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#spent.signal;
  }

  append(events: readonly LogEvent[]): Promise<void> {
    const mine = this.#tail.then(() => this.#append(events));
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  async #append(events: readonly LogEvent[]): Promise<void> {
    this.#spent.signal.throwIfAborted();
    try {
      this.#state = await appendEvents(this.#deps, this.#state, events, this.#writer);
      this.#onState(this.#state);
    } catch (error) {
      if (!(error instanceof RunLogError && error.code === "INVALID_TRANSITION")) {
        this.#spent.abort(
          error instanceof RunLogError
            ? error
            : new RunLogError("UNAVAILABLE", `appending to ${logName(this.key)} failed`, "", error),
        );
        this.#spent.signal.throwIfAborted();
      }
      throw error;
    }
  }
}
