import { setImmediate } from "node:timers/promises";
import { TreeError } from "../errors.ts";

/**
 * Lets other work of the process run. Metadata calls take microseconds, so doing them synchronously and pausing every few milliseconds is many
 * times faster than a promise each, and holds up nobody for longer than one slice.
 */
export class TimeSlice {
  readonly #lengthMs: number;
  readonly #signal: AbortSignal | undefined;
  #started = performance.now();

  constructor(signal?: AbortSignal, lengthMs = 4) {
    this.#lengthMs = lengthMs;
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() - this.#started > this.#lengthMs;
  }

  /** @throws TreeError ABORTED */
  async rest(): Promise<void> {
    await setImmediate();
    if (this.#signal?.aborted) {
      throw new TreeError({ code: "ABORTED", message: "the caller gave up", cause: this.#signal.reason });
    }
    this.#started = performance.now();
  }
}
