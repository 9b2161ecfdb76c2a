/** Right to a sandbox until a moment of this process's monotonic clock; wall clocks play no part. */
export class Lease {
  readonly #now: () => number;
  #until: number;

  /** `now` gives milliseconds of a monotonic clock. */
  constructor(now: () => number, ms: number) {
    this.#now = now;
    this.#until = now() + bounded(ms);
  }

  renew(ms: number): void {
    this.#until = this.#now() + bounded(ms);
  }

  get expired(): boolean {
    return this.#now() > this.#until;
  }
}

export const DEFAULT_LEASE_MS = 30_000;
const MAX_LEASE_MS = 3_600_000;

const bounded = (ms: number): number => (ms <= 0 ? DEFAULT_LEASE_MS : Math.min(ms, MAX_LEASE_MS));
