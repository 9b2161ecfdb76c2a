/** Milliseconds, summed up. */
export interface Summary {
  readonly median: number;
  readonly p95: number;
  readonly count: number;
}

/** Nearest-rank percentiles. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95), count: sorted.length };
}
