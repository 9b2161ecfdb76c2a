import { type AppendDeps, type Sealed, sealEvents, sendSealed, type Writer } from "./append.ts";
import { RunLogError } from "./errors.ts";
import type { LogEvent } from "./event-types.ts";
import { type LogKey, logName } from "./log-key.ts";
import type { RunState } from "./state.ts";

/** The right to continue one log in one epoch, until somebody claims a higher one. */
export interface LogWriter {
  readonly key: LogKey;
  readonly epoch: number;
  readonly owner: string;
  /** As of the last append, with what was staged since. */
  readonly state: RunState;
  /** Aborts with the error when the log is lost. Work that is under way for this log must stop then. */
  readonly signal: AbortSignal;
  /**
   * Adds events to the next {@link append}, which sends all of it and reads back once: {@link state} has them at once, the
   * log only then. For what costs nothing but time if a crash comes first, because whoever continues finds it again:
   * decisions, and outcomes that their executor remembers. An effect must wait for an append, for its intent to be durable.
   * Throws RunLogError INVALID_TRANSITION; not to be called while an append is under way.
   */
  stage(events: readonly LogEvent[]): void;
  /**
   * Appends events in order, after those that were staged; on return they are durable, valid and read back. Calls queue.
   * Where an append fails, some of the first may have become part of the log, so each prefix must make sense. After any
   * failure but INVALID_TRANSITION the writer is spent: what became of the events is found by claiming anew.
   * Throws RunLogError FENCED, TERMINAL, UNAVAILABLE, STORAGE_FULL, INVALID_TRANSITION or REWOUND.
   */
  append(events: readonly LogEvent[]): Promise<void>;
}

export class ClaimedWriter implements LogWriter {
  readonly #deps: AppendDeps;
  readonly #writer: Writer;
  readonly #spent = new AbortController();
  readonly #onState: (state: RunState) => void;
  /** As read back from the log. */
  #confirmed: RunState;
  #state: RunState;
  #staged: readonly Sealed[] = [];
  #underWay = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(deps: AppendDeps, state: RunState, writer: Writer, onState: (state: RunState) => void) {
    this.#deps = deps;
    this.#confirmed = state;
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

  stage(events: readonly LogEvent[]): void {
    this.#spent.signal.throwIfAborted();
    if (this.#underWay > 0) throw new Error(`staging for ${logName(this.key)} while an append is under way`);
    this.#seal(events);
  }

  append(events: readonly LogEvent[]): Promise<void> {
    this.#underWay++;
    const mine = this.#tail.then(() => this.#append(events)).finally(() => this.#underWay--);
    this.#tail = mine.catch(() => undefined);
    return mine;
  }

  async #append(events: readonly LogEvent[]): Promise<void> {
    this.#spent.signal.throwIfAborted();
    try {
      this.#seal(events);
      const staged = this.#staged;
      this.#staged = [];
      if (staged.length === 0) return;
      this.#confirmed = await sendSealed(this.#deps, this.#confirmed, staged, this.#writer);
      this.#state = this.#confirmed;
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

  #seal(events: readonly LogEvent[]): void {
    const { sealed, state } = sealEvents(this.#deps, this.#state, events, this.#writer);
    this.#staged = [...this.#staged, ...sealed];
    this.#state = state;
  }
}
