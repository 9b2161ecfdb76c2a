/** Longest that one part may take to end. What it would still have done, it does after the next start. */
const LIMIT_MS = 15_000;

/** What was started, ended in the opposite order. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Notes how to end what has just been started, and returns it. */
  add<T extends { close(): Promise<void> | void }>(started: T): T {
    this.#closers.push(() => started.close());
    return started;
  }

  /** Ends everything, even where one end fails or hangs; the first failure is thrown afterwards. */
  async close(limitMs = LIMIT_MS): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await within(limitMs, close());
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

async function within(limitMs: number, closing: Promise<void> | void): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`a part did not end within ${limitMs} ms`)), limitMs);
  try {
    await Promise.race([closing, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
