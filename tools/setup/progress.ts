const FRAME_MS = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** A line to write to; `isTTY` decides about the spinner. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Says what the set-up does: one line per finished thing, and on a terminal what is under way. Silent until used. */
export class Progress {
  readonly #out: Terminal;
  readonly #running = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #announced = false;

  constructor(out: Terminal = process.stderr) {
    this.#out = out;
  }

  /** Runs `work`; its result may carry a detail for the line, such as `114 packages, 70 MB`. */
  async step<T extends { readonly detail: string }>(name: string, work: () => Promise<T>): Promise<T> {
    this.#announce();
    const started = performance.now();
    this.#running.add(name);
    this.#spin();
    try {
      const result = await work();
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      this.#line(`  ${name.padEnd(16)} ${result.detail.padEnd(44)} ${seconds.padStart(6)} s`);
      return result;
    } catch (error) {
      this.#line(`  ${name.padEnd(16)} failed`);
      throw error;
    } finally {
      this.#running.delete(name);
      this.#spin();
    }
  }

  /** One line of news about a step under way, such as a second attempt. */
  note(name: string, text: string): void {
    this.#announce();
    this.#line(`  ${name.padEnd(16)} ${text}`);
  }

  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#line("cofferdam: setting up, once");
  }

  #line(text: string): void {
    this.#out.write(`${this.#out.isTTY ? "\r\u001b[K" : ""}${text}\n`);
  }

  #spin(): void {
    if (!this.#out.isTTY) return;
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#out.write("\r\u001b[K");
      return;
    }
    const started = performance.now();
    this.#timer ??= setInterval(() => {
      const frame = FRAMES[Math.floor((performance.now() - started) / FRAME_MS) % FRAMES.length] ?? "";
      this.#out.write(`\r\u001b[K${frame} ${[...this.#running].join(", ")}`);
    }, FRAME_MS);
    this.#timer.unref();
  }
}
