import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { SandboxError } from "@cofferdam/sandbox-provider";
import type { Machine } from "./seccomp/syscalls.ts";

/** The machine as the seccomp filter knows it. @throws {SandboxError} `TIER_UNAVAILABLE` elsewhere. */
export function thisMachine(): Machine {
  if (process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64")) return process.arch;
  throw new SandboxError(
    "TIER_UNAVAILABLE",
    `the namespace tier needs Linux on x86-64 or arm64, this is ${process.platform} on ${process.arch}`,
    "run Cofferdam on such a machine",
  );
}

/** Parts of /usr that sandboxes see. Not /usr/local, /usr/etc and /usr/src: what a host put there is its own affair. */
const systemFolders = ["bin", "sbin", "lib", "lib32", "libx32", "lib64", "libexec", "share", "include", "games"];

/** Single things of /etc that programs of /usr cannot do without. */
const systemFiles = ["/etc/alternatives", "/etc/ld.so.cache"];

/** What says more about the host than a sandbox needs to know; hidden where the kernel has it. */
const hiddenFiles = ["cmdline", "config.gz", "kallsyms", "kcore", "keys", "key-users", "sysrq-trigger", "timer_list"];
const hiddenFolders = ["acpi", "asound", "bus", "driver", "fs", "irq", "scsi"];

/** Arguments that lay out the read-only system as this host has it, /usr merged or not. */
export function systemArguments(emptyFile: string): readonly string[] {
  const args = ["--perms", "0755", "--dir", "/usr", "--perms", "0755", "--dir", "/etc"];
  for (const name of systemFolders) {
    const path = `/usr/${name}`;
    if (existsSync(path)) args.push(...mirrored(path));
    const merged = `/${name}`;
    if (existsSync(merged) && name !== "games" && name !== "share" && name !== "include")
      args.push(...mirrored(merged));
  }
  for (const path of systemFiles) if (existsSync(path)) args.push("--ro-bind", path, path);
  // A few settings belong to the sandbox's own namespaces and so to its user; read-only they all are alike.
  args.push("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev");
  for (const name of hiddenFiles) if (existsSync(`/proc/${name}`)) args.push("--ro-bind", emptyFile, `/proc/${name}`);
  for (const name of hiddenFolders) {
    if (existsSync(`/proc/${name}`))
      args.push("--perms", "0555", "--size", "4096", "--tmpfs", `/proc/${name}`, "--remount-ro", `/proc/${name}`);
  }
  return args;
}

function mirrored(path: string): readonly string[] {
  try {
    return ["--symlink", readlinkSync(path), path];
  } catch {
    // EINVAL: no link but the folder itself.
    return ["--ro-bind", path, path];
  }
}

/** Identifies this boot, so that process ids of an earlier one are never taken for today's. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
