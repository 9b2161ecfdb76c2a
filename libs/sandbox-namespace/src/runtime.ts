import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { SandboxError } from "@cofferdam/sandbox-provider";
import type { Machine } from "./seccomp/syscalls.ts";
import { seccompFilter } from "./seccomp/filter.ts";

/** What all sandboxes of a provider share, read-only, on the trusted side. */
export interface Runtime {
  readonly bwrap: string;
  readonly node: string;
  readonly emptyFile: string;
  readonly seccompFile: string;
  /** Files of /etc by name. */
  readonly etc: Readonly<Record<string, string>>;
}

/** The user inside. The number means nothing outside: each sandbox's own is mapped to it. */
export const INSIDE_ID = 1000;
export const HOSTNAME = "sandbox";

const etc: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/:/usr/sbin/nologin\nagent:x:${INSIDE_ID}:${INSIDE_ID}:agent:/workspace:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n`,
  group: `root:x:0:\nagent:x:${INSIDE_ID}:\nnogroup:x:65534:\n`,
  hosts: `127.0.0.1 localhost ${HOSTNAME}\n::1 localhost\n`,
  hostname: `${HOSTNAME}\n`,
  "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\nprotocols: files\n",
};

/** Lays the shared files out below `folder`, which must be reachable by the users that sandboxes run as. */
export function prepareRuntime(folder: string, bwrap: string, machine: Machine): Runtime {
  mkdirSync(join(folder, "etc"), { recursive: true });
  const files: Record<string, string> = {};
  for (const [name, content] of Object.entries(etc)) files[name] = write(join(folder, "etc", name), content);
  return {
    bwrap: reachable(bwrap) ? bwrap : brought(bwrap, join(folder, "bwrap")),
    node: brought(process.execPath, join(folder, "node")),
    emptyFile: write(join(folder, "empty"), ""),
    seccompFile: write(join(folder, "seccomp.bpf"), seccompFilter(machine)),
    etc: files,
  };
}

function write(path: string, content: string | Buffer): string {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, content, { mode: 0o644 });
  chmodSync(fresh, 0o644);
  renameSync(fresh, path);
  return path;
}

/** Brings an executable to where sandboxes can see it: a second name on the same disk, else a copy, made once. */
function brought(from: string, to: string): string {
  const [wanted, there] = [statSync(from), statSync(to, { throwIfNoEntry: false })];
  if (there?.size === wanted.size && there.mtimeMs === wanted.mtimeMs && isPlainExecutable(to)) return to;
  const fresh = `${to}.${process.pid}`;
  rmSync(fresh, { force: true });
  if (!isPlainExecutable(from) || !linked(from, fresh)) {
    copyFileSync(from, fresh, constants.COPYFILE_FICLONE);
    chmodSync(fresh, 0o755);
    utimesSync(fresh, wanted.atime, wanted.mtime);
  }
  renameSync(fresh, to);
  return to;
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    // EXDEV, EPERM, EMLINK: another disk, another owner's file, or a disk that knows no second names.
    return false;
  }
}

const isPlainExecutable = (path: string): boolean => (statSync(path).mode & 0o7777) === 0o755;

/** True if any user can execute the file: it must not be copied needlessly, host policies know it by its path. */
function reachable(path: string): boolean {
  return existsSync(path) && (statSync(path).mode & 0o005) === 0o005 && closedFolder(dirname(path)) === undefined;
}

/** The first folder on the way to `path` that other users may not enter. */
export function closedFolder(path: string): string | undefined {
  const above = path === "/" ? undefined : closedFolder(dirname(path));
  if (above !== undefined) return above;
  return (statSync(path).mode & 0o001) === 0 ? path : undefined;
}

/** @throws {SandboxError} `TIER_UNAVAILABLE` if sandbox users could not reach the folder. */
export function assertReachable(path: string): void {
  const closed = closedFolder(path);
  if (closed === undefined) return;
  throw new SandboxError(
    "TIER_UNAVAILABLE",
    `sandboxes below ${path} cannot be reached by their users: ${closed} is closed to others`,
    "choose a sandbox root such as /var/lib/cofferdam, whose folders others may enter",
  );
}
