const KiB = 1024;
const MiB = KiB ** 2;
const GiB = KiB ** 3;
const TiB = KiB ** 4;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Bounds of one quantity of a manifest; `initial` is what holds when the manifest does not say. */
export interface Limit {
  readonly min: number;
  readonly initial: number;
  readonly max: number;
}

/**
 * Every limit of a manifest in one table: sizes in bytes, durations in milliseconds. The ceilings are those of one
 * machine; a team's own quotas may only lower them.
 */
export const limits = {
  document: { min: 1, initial: 1 * MiB, max: 1 * MiB },
  inputs: { min: 0, initial: 64, max: 64 },
  outputs: { min: 1, initial: 64, max: 64 },
  inputFiles: { min: 1, initial: 10_000, max: 1_000_000 },
  inputBytes: { min: 1, initial: 2 * GiB, max: 1 * TiB },
  inputFileBytes: { min: 1, initial: 256 * MiB, max: 64 * GiB },
  workspaceBytes: { min: 1 * MiB, initial: 4 * GiB, max: 1 * TiB },
  outputBytes: { min: 1, initial: 1 * GiB, max: 64 * GiB },
  minFiles: { min: 0, initial: 0, max: 1_000_000 },
  cpu: { min: 0.1, initial: 1, max: 64 },
  memoryBytes: { min: 64 * MiB, initial: 1 * GiB, max: 256 * GiB },
  pids: { min: 16, initial: 256, max: 32_768 },
  timeoutMs: { min: 1_000, initial: 30 * MINUTE_MS, max: 24 * HOUR_MS },
  parallel: { min: 1, initial: 1, max: 256 },
  tokens: { min: 1, initial: 20_000_000, max: 1_000_000_000 },
  toolCalls: { min: 1, initial: 10_000, max: 100_000 },
  wallMs: { min: 1_000, initial: 4 * HOUR_MS, max: 30 * 24 * HOUR_MS },
  environment: { min: 0, initial: 0, max: 128 },
  labels: { min: 0, initial: 0, max: 32 },
  patterns: { min: 1, initial: 1, max: 128 },
  pinnedFiles: { min: 1, initial: 1, max: 10_000 },
} as const satisfies Record<string, Limit>;
