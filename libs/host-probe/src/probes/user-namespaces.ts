import { readFile } from "node:fs/promises";
import { missing, ok, type Finding } from "../finding.ts";

const NAME = "user-namespaces";

/** Kernel settings that keep unprivileged users from making namespaces, and so sandboxes. */
const SWITCHES = [
  {
    key: "user.max_user_namespaces",
    forbids: (value: number) => value === 0,
    mend: "sysctl -w user.max_user_namespaces=15000",
  },
  {
    key: "kernel.unprivileged_userns_clone",
    forbids: (value: number) => value === 0,
    mend: "sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    key: "kernel.apparmor_restrict_unprivileged_userns",
    forbids: (value: number) => value === 1,
    mend: "install bubblewrap with the system's package manager, whose AppArmor profile allows it, or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
] as const;

/** Whether the kernel's settings let an unprivileged user make a user namespace. The sandbox probe tries it out. */
export async function probeUserNamespaces(): Promise<Finding> {
  if (process.platform !== "linux") return missing(NAME, `this is ${process.platform}`, "run Cofferdam on Linux");
  const seen: string[] = [];
  for (const { key, forbids, mend } of SWITCHES) {
    const value = await setting(key);
    if (value === undefined) continue;
    if (forbids(value)) return missing(NAME, `${key} is ${value}`, mend);
    seen.push(`${key}=${value}`);
  }
  return ok(NAME, seen.join(", ") || "the kernel has no setting that forbids them");
}

/** The value of a sysctl; undefined where this kernel has no such setting. */
async function setting(key: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(`/proc/sys/${key.replaceAll(".", "/")}`, "utf8"), 10);
  } catch {
    // Kernels differ in which of them they have; none of it forbids anything.
    return undefined;
  }
}
