import type { Limits } from "@cofferdam/sandbox-provider";

export type Controller = "memory" | "pids" | "cpu";
export const controllers: readonly Controller[] = ["memory", "pids", "cpu"];

export interface LimitFile {
  readonly file: string;
  readonly value: string;
  /** The kernel may be built or started without it. */
  readonly optional?: true;
}

const CPU_PERIOD_US = 100_000;

/** What to write, in this order, so that a group has the limits. */
export function limitFiles(version: 1 | 2, controller: Controller, limits: Limits): readonly LimitFile[] {
  const memory = String(limits.memoryBytes);
  const quota = String(Math.max(1_000, Math.round((limits.cpuMillis * CPU_PERIOD_US) / 1_000)));
  switch (controller) {
    case "memory":
      return version === 1
        ? [
            { file: "memory.limit_in_bytes", value: memory },
            { file: "memory.memsw.limit_in_bytes", value: memory, optional: true },
          ]
        : [
            { file: "memory.max", value: memory },
            { file: "memory.swap.max", value: "0", optional: true },
          ];
    case "pids":
      return [{ file: "pids.max", value: String(limits.pids) }];
    case "cpu":
      return version === 1
        ? [
            { file: "cpu.cfs_period_us", value: String(CPU_PERIOD_US) },
            { file: "cpu.cfs_quota_us", value: quota },
          ]
        : [{ file: "cpu.max", value: `${quota} ${CPU_PERIOD_US}` }];
  }
}

/** File and key that count how often a limit was hit. */
export const eventCounter = {
  memory: { 1: ["memory.oom_control", "oom_kill"], 2: ["memory.events", "oom_kill"] },
  pids: { 1: ["pids.events", "max"], 2: ["pids.events", "max"] },
} as const;

/** Value of a key in a flat keyed file (cgroups(7)); 0 if absent. */
export function counterIn(text: string, key: string): number {
  const line = text.split("\n").find((l) => l.startsWith(`${key} `));
  return line === undefined ? 0 : Number(line.slice(key.length + 1));
}
