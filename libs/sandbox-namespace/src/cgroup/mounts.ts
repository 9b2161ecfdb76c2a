import { readFileSync } from "node:fs";

/** Where the control groups of this machine are mounted. */
export interface CgroupMounts {
  /** Version 1 hierarchies by controller. */
  readonly v1: Readonly<Record<string, string>>;
  readonly v2?: string;
}

/** Reads proc_pid_mountinfo(5). */
export function parseCgroupMounts(mountinfo: string): CgroupMounts {
  const v1: Record<string, string> = {};
  let v2: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const [type, , options] = (right ?? "").split(" ");
    const path = unescape((left ?? "").split(" ")[4] ?? "");
    if (type === "cgroup2") v2 ??= path;
    if (type !== "cgroup") continue;
    for (const option of (options ?? "").split(",")) v1[option] ??= path;
  }
  return v2 === undefined ? { v1 } : { v1, v2 };
}

/** Blanks and backslashes are written in octal. */
const unescape = (path: string): string =>
  path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

export const cgroupMounts = (): CgroupMounts => parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
