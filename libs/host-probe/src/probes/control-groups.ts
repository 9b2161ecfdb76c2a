import { access, constants, readFile } from "node:fs/promises";
import { ok, warn, type Finding } from "../finding.ts";

const NAME = "cgroups";
const WANTED = ["memory", "pids", "cpu"] as const;

/** Whether limits on memory, processes and CPU can be put on a sandbox. */
export async function probeControlGroups(): Promise<Finding> {
  const mounts = await readFile("/proc/mounts", "utf8").catch(() => "");
  const groups = cgroupMounts(mounts);
  const v2 = groups.find((mount) => mount.type === "cgroup2");
  const inV2 =
    v2 === undefined ? [] : (await readFile(`${v2.path}/cgroup.controllers`, "utf8").catch(() => "")).trim().split(" ");
  const inV1 = groups.filter((mount) => mount.type === "cgroup").flatMap((mount) => mount.options);
  const lacking = WANTED.filter((controller) => !inV1.includes(controller) && !inV2.includes(controller));
  if (lacking.length > 0) {
    const mend = "sandboxes run with rlimits and time limits only; mount the controllers to bound what they use in sum";
    return warn(NAME, `no controller for ${lacking.join(", ")}`, mend);
  }
  const version = WANTED.every((controller) => inV2.includes(controller)) ? 2 : 1;
  const folder = version === 2 ? v2?.path : groups.find((mount) => mount.options.includes("memory"))?.path;
  const writable =
    folder !== undefined &&
    (await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    ));
  if (writable) return ok(NAME, `version ${version}, with ${WANTED.join(", ")}`);
  const mend = "start as root, or delegate a group to this user (systemd: Delegate=yes)";
  return warn(NAME, `version ${version}, but this user may make no group`, mend);
}

interface CgroupMount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The control group mounts in the text of /proc/mounts. */
export function cgroupMounts(mounts: string): CgroupMount[] {
  return mounts.split("\n").flatMap((line) => {
    const [, path, type, options] = line.split(" ");
    if (path === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [{ path, type, options: (options ?? "").split(",") }];
  });
}
