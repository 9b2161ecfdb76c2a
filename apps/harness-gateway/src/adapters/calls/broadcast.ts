/** Items for any number of readers, each of which gets everything from the first on; ends once, with a value or an error. */
export class Broadcast<T> {
  readonly #items: T[] = [];
  #ended = false;
  #error: unknown;
  #wake = Promise.withResolvers<void>();

  send(item: T): void {
    this.#items.push(item);
    this.#notify();
  }

  end(last: T): void {
    this.#ended = true;
    this.send(last);
  }

  fail(error: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#notify();
  }

  async *subscribe(): AsyncGenerator<T> {
    for (let next = 0; ;) {
      const item = this.#items[next];
      if (item !== undefined) {
        next++;
        yield item;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else await this.#wake.promise;
    }
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}
