const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/** How long to wait before the next start after `failures` in a row: 100 ms, doubling, at most 5 s. */
export const restartDelayMs = (failures: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
