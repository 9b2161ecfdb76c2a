import type { WriteStream } from "node:tty";
import { noPaint, type Paint, paintFor } from "./render/paint.ts";

/** A standard stream as the command line uses it. */
export type TextStream = NodeJS.WritableStream & Partial<Pick<WriteStream, "isTTY" | "columns" | "rows">>;

const DEFAULT_WIDTH = 120;
const ERASE_BELOW = "\u001B[0J";
const up = (lines: number): string => (lines > 0 ? `\u001B[${lines}A\r` : "\r");

/**
 * Where a command speaks: answers on standard output, everything else (progress, notices, errors) on standard error, so
 * that an answer can be piped. On a terminal some lines can be shown that are replaced as things go on.
 */
export class Terminal {
  readonly paint: Paint;
  readonly errorPaint: Paint;
  /** Whether people watch: progress is drawn instead of listed. */
  readonly live: boolean;
  readonly #out: TextStream;
  readonly #err: TextStream;
  #drawn: readonly string[] = [];

  constructor(out: TextStream, err: TextStream, env: NodeJS.ProcessEnv, json: boolean) {
    this.#out = out;
    this.#err = err;
    this.paint = json ? noPaint : paintFor(out, env);
    this.errorPaint = paintFor(err, env);
    this.live = err.isTTY === true && env["TERM"] !== "dumb" && !json;
  }

  get width(): number {
    return Math.max(40, this.#out.columns ?? DEFAULT_WIDTH);
  }

  get liveSize(): { width: number; height: number } {
    // One column stays free, so that no line wraps and the count of lines is right.
    return { width: Math.max(40, (this.#err.columns ?? 80) - 1), height: Math.max(6, (this.#err.rows ?? 24) - 2) };
  }

  /** Answers; ends with a line end already. */
  write(text: string): void {
    this.#erase();
    this.#out.write(text);
  }

  lines(lines: readonly string[]): void {
    this.write(lines.map((line) => `${line}\n`).join(""));
  }

  /** One line for people that stays. */
  notice(line: string): void {
    const redraw = this.#drawn;
    this.#erase();
    this.#err.write(`${line}\n`);
    this.draw(redraw);
  }

  /** Replaces the lines drawn before. */
  draw(lines: readonly string[]): void {
    if (!this.live) return;
    const text = lines.map((line) => `${line}\n`).join("");
    this.#err.write(`${this.#drawn.length > 0 ? up(this.#drawn.length) : ""}${ERASE_BELOW}${text}`);
    this.#drawn = lines;
  }

  #erase(): void {
    if (this.#drawn.length > 0) this.#err.write(`${up(this.#drawn.length)}${ERASE_BELOW}`);
    this.#drawn = [];
  }
}
