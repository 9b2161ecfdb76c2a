import { Transform } from "node:stream";

/** Counts what both streams of a command carry, and lets through only as much as is allowed. */
export class OutputMeter {
  #left: number;
  readonly #exceeded: () => void;

  constructor(bytes: number, exceeded: () => void) {
    this.#left = bytes;
    this.#exceeded = exceeded;
  }

  /** A stream through which one of the command's streams goes. */
  tap(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _, done) => {
        const kept = chunk.length <= this.#left ? chunk : chunk.subarray(0, this.#left);
        this.#left -= kept.length;
        if (kept.length < chunk.length) this.#exceeded();
        done(null, kept.length === 0 ? undefined : kept);
      },
    });
  }
}
