import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultLimits } from "@cofferdam/sandbox-provider";
import { errnoOf } from "../errno.ts";
import { Group, type GroupParents } from "./group.ts";
import { type Controller, controllers } from "./limit-files.ts";
import { type CgroupMounts, cgroupMounts } from "./mounts.ts";

/** Control groups of this machine, tried out; or why they cannot be used. */
export type Cgroups =
  | { readonly usable: true; readonly parents: GroupParents }
  | { readonly usable: false; readonly reason: string };

/**
 * Finds where groups can be made and proves it by making one. `name` sets this broker's groups apart, e.g.
 * `cofferdam/1f2e3d`. `delegated` is a version 2 folder that was given to this user (systemd's `Delegate=yes`) and holds
 * no process itself.
 */
export async function detectCgroups(name: string, delegated?: string): Promise<Cgroups> {
  try {
    const parents = parentsIn(cgroupMounts(), name, delegated);
    if (parents === undefined) return { usable: false, reason: "no controller of memory, pids and cpu is mounted" };
    const probe = new Group(parents, `probe-${process.pid}`);
    try {
      probe.create(defaultLimits);
    } finally {
      await probe.destroy();
    }
    return { usable: true, parents };
  } catch (error) {
    return { usable: false, reason: `control groups cannot be made: ${String(error)}` };
  }
}

/** Names of the groups that exist, of this life of the broker or an earlier one. */
export function existingGroups(parents: GroupParents): readonly string[] {
  const folders = [...Object.values(parents.controllers), parents.control].filter((path) => path !== undefined);
  const names = folders.flatMap((folder) => readdirSync(folder).filter((n) => statSync(join(folder, n)).isDirectory()));
  return [...new Set(names)];
}

/** Removes the folders in which groups were made, if nothing is in them. */
export function removeParents(parents: GroupParents): void {
  for (const folder of new Set([...Object.values(parents.controllers), parents.control])) {
    if (folder === undefined) continue;
    try {
      rmdirSync(folder);
    } catch (error) {
      if (!["EBUSY", "ENOTEMPTY", "ENOENT"].includes(errnoOf(error) ?? "")) throw error;
    }
  }
}

function parentsIn(mounts: CgroupMounts, name: string, delegated: string | undefined): GroupParents | undefined {
  const inV1 = controllers.filter((controller) => mounts.v1[controller] !== undefined);
  const v2 = delegated ?? mounts.v2;
  if (inV1.length === 0 && v2 !== undefined) return versionTwo(v2, name);
  if (inV1.length < controllers.length) return undefined;
  const folders: Partial<Record<Controller, string>> = {};
  for (const controller of inV1) folders[controller] = made(join(mounts.v1[controller] ?? "", name));
  return v2 === undefined
    ? { version: 1, controllers: folders }
    : { version: 1, controllers: folders, control: made(join(v2, name)) };
}

function versionTwo(root: string, name: string): GroupParents {
  let folder = root;
  for (const part of name.split("/")) {
    enable(folder);
    folder = made(join(folder, part));
  }
  enable(folder);
  return { version: 2, controllers: { memory: folder, pids: folder, cpu: folder }, control: folder };
}

/** Passes the controllers on to the groups below (cgroups(7), "no internal processes"). */
function enable(folder: string): void {
  const file = join(folder, "cgroup.subtree_control");
  const on = readFileSync(file, "utf8").split(/\s/);
  for (const controller of controllers) if (!on.includes(controller)) writeFileSync(file, `+${controller}`);
}

function made(folder: string): string {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
  return folder;
}
