/** What was started, ended in the opposite order. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];

  /** Notes how to end what has just been started, and returns it. */
  add<T extends { close(): Promise<void> | void }>(started: T): T {
    this.#closers.push(() => started.close());
    return started;
  }

  /** Ends everything, even where one end fails; the first failure is thrown afterwards. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
