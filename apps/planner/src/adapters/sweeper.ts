import {
  type Doorbells,
  isTerminal,
  type Leases,
  LEASE_TTL_MS,
  type LogHead,
  type LogKey,
  logName,
  type RunLog,
} from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";

export interface SweeperDeps {
  readonly log: RunLog;
  readonly bells: Doorbells;
  readonly leases: Leases;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Monotonic, milliseconds. */
  readonly clock?: () => number;
}

interface OpenLog {
  readonly key: LogKey;
  /** When it may be rung for, by the sweeper's clock. */
  dueAt: number;
  waitMs: number;
}

const LONGEST_WAIT_MS = 60_000;

/**
 * Bells can be lost; logs cannot. The sweeper follows the heads of all logs, and rings for each that has not ended, has no
 * bell, and shows no progress: soon at first, more and more rarely while nothing changes. A task whose worker's heart
 * beats is left alone.
 */
export class Sweeper {
  readonly #deps: SweeperDeps;
  readonly #clock: () => number;
  readonly #open = new Map<string, OpenLog>();
  readonly #closing = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: SweeperDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? (() => performance.now());
  }

  start(): this {
    this.#running = Promise.all([this.#follow(), this.#sweepForever()]);
    return this;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        let live = false;
        for await (const head of this.#deps.log.followHeads(signal)) {
          await this.#note(head, live);
          live ||= head.caughtUp;
        }
      } catch (error) {
        this.#deps.logger.warn({ err: error }, "following the logs failed; beginning anew");
        await pause(this.#deps.intervalMs, signal);
      }
    }
  }

  async #note(head: LogHead, live: boolean): Promise<void> {
    const name = logName(head.key);
    // A last message may be void; for what ended while we watched the fold is asked, and cheaply.
    if (head.ends && (!live || isTerminal(await this.#deps.log.read(head.key)))) {
      this.#open.delete(name);
      const parent = this.#open.get(head.key.run);
      if (parent !== undefined) this.#postpone(parent, this.#deps.intervalMs);
      return;
    }
    const log = this.#open.get(name) ?? { key: head.key, dueAt: 0, waitMs: 0 };
    this.#postpone(log, this.#deps.intervalMs);
    this.#open.set(name, log);
  }

  #postpone(log: OpenLog, waitMs: number): void {
    log.waitMs = Math.min(waitMs, LONGEST_WAIT_MS);
    log.dueAt = this.#clock() + log.waitMs;
  }

  async #sweepForever(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await pause(this.#deps.intervalMs, signal);
      for (const log of this.#open.values()) {
        if (signal.aborted) return;
        if (this.#clock() < log.dueAt) continue;
        await this.#ringFor(log).catch((error: unknown) => this.#deps.logger.warn({ err: error }, "sweeping failed"));
      }
    }
  }

  async #ringFor(log: OpenLog): Promise<void> {
    const { bells, leases } = this.#deps;
    const kind = log.key.task === undefined ? "plan" : "task";
    if (kind === "task" && leases.silentForMs(log.key) < LEASE_TTL_MS)
      return this.#postpone(log, this.#deps.intervalMs);
    this.#postpone(log, log.waitMs * 2);
    if (await bells.isRinging(kind, log.key)) return;
    await bells.ring(kind, log.key);
    this.#deps.logger.info({ log: logName(log.key) }, "rang for a log without progress");
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
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
