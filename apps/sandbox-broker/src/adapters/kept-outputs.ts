import { rm } from "node:fs/promises";

/** The output of a command that has ended. */
export interface KeptOutput {
  readonly path: string;
  readonly bytes: number;
}

/** Bounds what the outputs of one sandbox's ended commands take on the broker's disk: the oldest go first. */
export class KeptOutputs {
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  readonly #outputs: KeptOutput[] = [];
  #bytes = 0;

  constructor(maxBytes: number, maxFiles: number) {
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
  }

  /** Keeps one more, and drops older ones as needed; never the newest. */
  async add(output: KeptOutput): Promise<void> {
    this.#outputs.push(output);
    this.#bytes += output.bytes;
    while (this.#outputs.length > 1 && (this.#bytes > this.#maxBytes || this.#outputs.length > this.#maxFiles)) {
      const oldest = this.#outputs.shift();
      if (oldest === undefined) return;
      this.#bytes -= oldest.bytes;
      await rm(oldest.path, { force: true });
    }
  }
}
