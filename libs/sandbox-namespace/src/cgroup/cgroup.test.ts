import { expect, test } from "@jest/globals";
import { withDefaults } from "@cofferdam/sandbox-provider";
import { controllers, counterIn, limitFiles } from "./limit-files.ts";
import { parseCgroupMounts } from "./mounts.ts";

const limits = withDefaults({ memoryBytes: 1_000_000, pids: 7, cpuMillis: 1_500 });

test("mounts of version 1, version 2 and both are found", () => {
  const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
  const v1 = [
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "32 23 0:28 / /sys/fs/cgroup/me\\040mory rw master:1 - cgroup cgroup rw,memory",
    "33 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    "34 23 0:30 / /proc rw - proc proc rw",
  ].join("\n");
  expect(parseCgroupMounts(v2)).toEqual({ v1: {}, v2: "/sys/fs/cgroup" });
  const both = parseCgroupMounts(v1);
  expect(both.v2).toBe("/sys/fs/cgroup/unified");
  expect(both.v1).toMatchObject({ cpu: "/sys/fs/cgroup/cpu,cpuacct", memory: "/sys/fs/cgroup/me mory" });
  expect(parseCgroupMounts("")).toEqual({ v1: {} });
});

test("each version has its files, swap counted with memory", () => {
  const text = (version: 1 | 2) =>
    controllers.flatMap((c) => limitFiles(version, c, limits).map(({ file, value }) => `${file}=${value}`));
  expect(text(1)).toEqual([
    "memory.limit_in_bytes=1000000",
    "memory.memsw.limit_in_bytes=1000000",
    "pids.max=7",
    "cpu.cfs_period_us=100000",
    "cpu.cfs_quota_us=150000",
  ]);
  expect(text(2)).toEqual(["memory.max=1000000", "memory.swap.max=0", "pids.max=7", "cpu.max=150000 100000"]);
});

test("counters are read by their whole name", () => {
  expect(counterIn("oom 3\noom_kill 2\n", "oom_kill")).toBe(2);
  expect(counterIn("oom_kill_disable 1\n", "oom_kill")).toBe(0);
});
