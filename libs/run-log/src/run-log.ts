import type { events } from "@cofferdam/contracts";
import type { NatsConnection } from "@nats-io/transport-node";
import { appendEvents, type AppendDeps } from "./append.ts";
import type { Envelope } from "./envelope.ts";
import { RunLogError } from "./errors.ts";
import type { LogEvent } from "./event-types.ts";
import { emptyState, fold } from "./fold.ts";
import { followHeads, type LogHead, readHeads } from "./heads.ts";
import { type LogKey, logName, logSubject, type RunId, type Team } from "./log-key.ts";
import { ClaimedWriter, type LogWriter } from "./log-writer.ts";
import { isTerminal, type RunState } from "./state.ts";
import { StoredLog } from "./stored.ts";
import { watchRun } from "./watch.ts";

/** A stored message with what the fold made of it. */
export interface StoredEvent {
  readonly key: LogKey;
  /** Sequence in stream RUNS. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly valid: boolean;
  /** Why it is void; absent on a valid one. */
  readonly reason?: string;
  /** Present on a valid one. */
  readonly event?: LogEvent;
  readonly envelope?: Envelope;
  /** The log's state after it. */
  readonly state: RunState;
}

export interface RunLogOptions {
  readonly nc: NatsConnection;
  readonly team: Team;
  /** Names this process among all that ever were: a restarted process is another instance. */
  readonly instance: string;
  /** For the CloudEvents `source`. */
  readonly service: string;
  /** For the `time` attribute only. */
  readonly now?: () => Date;
  /** Bound on the retries of one append, 60 s by default. */
  readonly retryMs?: number;
  /** Wait for one answer of the engine before the same append is sent again, 5 s by default. */
  readonly requestTimeoutMs?: number;
}

/** The logs of one team's runs and tasks. */
export interface RunLog {
  readonly team: Team;
  readonly instance: string;
  /** The state of a log, folded up to its newest event. Cheap when repeated. Status `absent` where there is no such log. */
  read(key: LogKey): Promise<RunState>;
  /** Begins a log with epoch 0. Where it exists nothing is written, and `state` says what it is. */
  create(key: LogKey, submitted: events.RunSubmitted): Promise<{ readonly created: boolean; readonly state: RunState }>;
  /**
   * Takes ownership with the next epoch. The caller fences its executors with that epoch before its first act.
   * Throws RunLogError NOT_FOUND, TERMINAL, UNKNOWN_EVENT_TYPE, or FENCED where another claimed at the same time.
   */
  claim(key: LogKey): Promise<LogWriter>;
  /** Every message of a log from the first to the newest, void ones too. */
  history(key: LogKey): AsyncIterable<StoredEvent>;
  /**
   * Valid events of a run and all its tasks, from the first, in the order of the stream, as they come. Ends after the
   * run's last event or when the signal aborts. Waits where the run does not exist yet.
   */
  watchRun(run: RunId, signal?: AbortSignal): AsyncIterable<StoredEvent>;
  /** The last message of every log of the team. */
  heads(): Promise<LogHead[]>;
  /** {@link heads}, and then each message as it comes. `caughtUp` is true from the last of the heads on. */
  followHeads(signal: AbortSignal): AsyncIterable<LogHead>;
}

/** How many folded states are remembered. */
const CACHED_LOGS = 512;

export function openRunLog(options: RunLogOptions): RunLog {
  return new NatsRunLog(options);
}

class NatsRunLog implements RunLog {
  readonly team: Team;
  readonly instance: string;
  readonly #service: string;
  readonly #deps: AppendDeps;
  readonly #cache = new Map<string, RunState>();

  constructor(options: RunLogOptions) {
    this.team = options.team;
    this.instance = options.instance;
    this.#service = options.service;
    this.#deps = {
      nc: options.nc,
      stored: new StoredLog(options.nc),
      now: options.now ?? (() => new Date()),
      retryMs: options.retryMs ?? 60_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    };
  }

  async read(key: LogKey): Promise<RunState> {
    let state = this.#cache.get(logSubject(key)) ?? emptyState(key);
    try {
      for await (const message of this.#deps.stored.after(key, state.head.sequence)) state = fold(state, message).state;
    } catch (error) {
      throw new RunLogError(
        "UNAVAILABLE",
        `reading ${logName(key)}: JetStream gave no answer`,
        "see whether nats-server runs and has a leader",
        error,
      );
    }
    return this.#remember(state);
  }

  async create(key: LogKey, submitted: events.RunSubmitted) {
    const state = await this.read(key);
    if (state.status !== "absent") return { created: false, state };
    const writer = { service: this.#service, owner: this.instance, epoch: 0 };
    try {
      const event: LogEvent = { type: "run.submitted", data: submitted };
      return { created: true, state: this.#remember(await appendEvents(this.#deps, state, [event], writer)) };
    } catch (error) {
      if (!(error instanceof RunLogError) || (error.code !== "FENCED" && error.code !== "TERMINAL")) throw error;
      // Another began it between the two.
      return { created: false, state: await this.read(key) };
    }
  }

  async claim(key: LogKey): Promise<LogWriter> {
    const state = await this.read(key);
    const log = logName(key);
    if (state.status === "absent") throw new RunLogError("NOT_FOUND", `claiming ${log}: there is no such log`);
    if (isTerminal(state)) throw new RunLogError("TERMINAL", `claiming ${log}: it has ended as ${state.status}`);
    if (state.unknownTypes.length > 0) {
      throw new RunLogError(
        "UNKNOWN_EVENT_TYPE",
        `claiming ${log}: a newer version wrote ${state.unknownTypes.join(", ")}`,
        "let an instance of that version continue it, or upgrade this one",
      );
    }
    const writer = { service: this.#service, owner: this.instance, epoch: state.head.epoch + 1 };
    const claimed: LogEvent = { type: "run.claimed", data: { epoch: writer.epoch, owner: writer.owner } };
    const owned = this.#remember(await appendEvents(this.#deps, state, [claimed], writer));
    return new ClaimedWriter(this.#deps, owned, writer, (newer) => this.#remember(newer));
  }

  async *history(key: LogKey): AsyncGenerator<StoredEvent> {
    let state = emptyState(key);
    for await (const message of this.#deps.stored.after(key, 0)) {
      const folded = fold(state, message);
      ({ state } = folded);
      yield { key, ...message, ...folded };
    }
  }

  watchRun(run: RunId, signal?: AbortSignal): AsyncIterable<StoredEvent> {
    return watchRun(this.#deps.nc, this.team, run, signal);
  }

  heads(): Promise<LogHead[]> {
    return readHeads(this.#deps.nc, this.team);
  }

  followHeads(signal: AbortSignal): AsyncIterable<LogHead> {
    return followHeads(this.#deps.nc, this.team, signal);
  }

  /** Keeps the newest state of each log, and forgets the log that was used longest ago. */
  #remember(state: RunState): RunState {
    const subject = logSubject(state.key);
    const known = this.#cache.get(subject);
    const newest = known !== undefined && known.head.sequence > state.head.sequence ? known : state;
    this.#cache.delete(subject);
    if (newest.head.sequence > 0) this.#cache.set(subject, newest);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= CACHED_LOGS) break;
      this.#cache.delete(oldest);
    }
    return newest;
  }
}
