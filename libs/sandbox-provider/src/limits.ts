/** Names of the limits that a sandbox has. */
export type LimitName = "timeout" | "memory" | "pids" | "cpu" | "disk" | "output";

/** Bounds of one sandbox. All are whole and positive. */
export interface Limits {
  /** Memory and swap of everything inside, files in /dev/shm included. */
  readonly memoryBytes: number;
  /** Processes and threads inside at one time. */
  readonly pids: number;
  /** Thousandths of a core. */
  readonly cpuMillis: number;
  /** Workspace and /tmp together; also the largest single file. */
  readonly diskBytes: number;
  /** Longest that one command may run. */
  readonly execTimeoutMs: number;
  /** Most standard output and error of one command, together. */
  readonly outputBytes: number;
}

export const defaultLimits: Limits = {
  memoryBytes: 2 * 2 ** 30,
  pids: 512,
  cpuMillis: 2_000,
  diskBytes: 4 * 2 ** 30,
  execTimeoutMs: 600_000,
  outputBytes: 16 * 2 ** 20,
};

/** Fills what is zero or absent from {@link defaultLimits}. */
export function withDefaults(limits: Partial<Limits> | undefined): Limits {
  const choose = (name: keyof Limits) => limits?.[name] || defaultLimits[name];
  return {
    memoryBytes: choose("memoryBytes"),
    pids: choose("pids"),
    cpuMillis: choose("cpuMillis"),
    diskBytes: choose("diskBytes"),
    execTimeoutMs: choose("execTimeoutMs"),
    outputBytes: choose("outputBytes"),
  };
}
