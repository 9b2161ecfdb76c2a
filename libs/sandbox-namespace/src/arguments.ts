import { HOSTNAME, INSIDE_ID, type Runtime } from "./runtime.ts";

/** Descriptors that bubblewrap gets besides the command's three; `result` is for process 1. */
export const descriptors = { args: 3, status: 4, seccomp: 5, result: 6 } as const;

export interface Folders {
  readonly workspace: string;
  readonly tmp: string;
  /** Read-only folders by their name below the workspace. */
  readonly readOnly: Readonly<Record<string, string>>;
}

const SHM_BYTES = 64 * 2 ** 20;

/**
 * Options of bubblewrap. They go through a descriptor, not the command line: process 1 shows that to all inside, and
 * bubblewrap starts nothing before the descriptor is closed, by which time it is in its control group.
 */
export function bubblewrapOptions(runtime: Runtime, system: readonly string[], folders: Folders): readonly string[] {
  return [
    ["--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"],
    ["--unshare-cgroup", "--uid", String(INSIDE_ID), "--gid", String(INSIDE_ID), "--hostname", HOSTNAME],
    ["--as-pid-1", "--die-with-parent", "--new-session", "--cap-drop", "ALL"],
    ["--clearenv", "--setenv", "PATH", "/usr/bin:/bin"],
    system,
    ...Object.entries(runtime.etc).map(([name, path]) => ["--ro-bind", path, `/etc/${name}`]),
    [...folder("/opt/cofferdam/bin"), "--ro-bind", runtime.node, "/opt/cofferdam/bin/node"],
    [...folder("/run"), ...folder("/usr/local/bin"), ...folder("/var"), "--symlink", "/tmp", "/var/tmp"],
    ["--remount-ro", "/dev", "--size", String(SHM_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm"],
    ["--bind", folders.workspace, "/workspace", "--bind", folders.tmp, "/tmp"],
    ...Object.entries(folders.readOnly).map(([name, path]) => ["--ro-bind", path, `/workspace/${name}`]),
    ["--remount-ro", "/", "--chdir", "/"],
    ["--seccomp", String(descriptors.seccomp), "--json-status-fd", String(descriptors.status)],
  ].flat();
}

const folder = (path: string): readonly string[] => ["--perms", "0755", "--dir", path];
