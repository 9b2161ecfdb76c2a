/** How often something was generated and how often it reached a client whole. */
export interface Count {
  /** Generations begun: what a provider would bill. */
  started: number;
  completed: number;
  failed: number;
  cancelled: number;
  /** Answers handed over whole, re-reads by `GET /responses/{id}` included. */
  delivered: number;
}

export interface Stats {
  /** `POST /v1/responses`, refused ones included. */
  readonly posts: number;
  readonly faults: number;
  readonly total: Readonly<Count>;
  /** By digest of model, instructions, tools and input. */
  readonly byDigest: Readonly<Record<string, Readonly<Count>>>;
  /** By the label `metadata.cofferdam_call_id`. */
  readonly byCallId: Readonly<Record<string, Readonly<Count>>>;
  /** Call ids whose answer was generated more than once: what nobody wants to pay. Empty is the proof. */
  readonly paidTwice: readonly string[];
}

export const CALL_ID_LABEL = "cofferdam_call_id";

const zero = (): Count => ({ started: 0, completed: 0, failed: 0, cancelled: 0, delivered: 0 });

/** Counts, kept for as long as the server lives. */
export class StatsCounter {
  posts = 0;
  faults = 0;
  readonly #total = zero();
  readonly #byDigest = new Map<string, Count>();
  readonly #byCallId = new Map<string, Count>();

  count(what: keyof Count, digest: string, metadata: Readonly<Record<string, string>>): void {
    const callId = metadata[CALL_ID_LABEL];
    this.#total[what] += 1;
    bump(this.#byDigest, digest, what);
    if (callId !== undefined) bump(this.#byCallId, callId, what);
  }

  read(): Stats {
    return {
      posts: this.posts,
      faults: this.faults,
      total: { ...this.#total },
      byDigest: Object.fromEntries(this.#byDigest),
      byCallId: Object.fromEntries(this.#byCallId),
      paidTwice: [...this.#byCallId].filter(([, count]) => count.started > 1).map(([id]) => id),
    };
  }
}

function bump(counts: Map<string, Count>, key: string, what: keyof Count): void {
  const count = counts.get(key) ?? zero();
  count[what] += 1;
  counts.set(key, count);
}
