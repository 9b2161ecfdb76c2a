import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `run` leaves out everything that only builds, checks or tests. */
export type PackageSet = "run" | "all";

/** Inside the tree it vouches for, so that whoever removes the tree removes the stamp. */
const STAMP = "node_modules/.cofferdam-stamp.json";

interface LockedPackage {
  readonly version?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}
interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * What the tree in `root` is: `stamped` as holding this set of today's lock file; `whole` where somebody ran npm by
 * hand and its record of what it installed holds the set; else `missing`.
 */
export function packagesState(root: string, set: PackageSet): "stamped" | "whole" | "missing" {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  if (stampIs(root, "all", lock) || (set === "run" && stampIs(root, "run", lock))) return "stamped";
  const record = join(root, "node_modules/.package-lock.json");
  if (!existsSync(record)) return "missing";
  const absent = missingPackages(JSON.parse(lock), JSON.parse(readFileSync(record, "utf8")), set);
  return absent.length === 0 ? "whole" : "missing";
}

/** Paths in the lock file that this set needs and the installed tree lacks or holds in another version. */
export function missingPackages(lock: Lock, installed: Lock, set: PackageSet): string[] {
  return Object.entries(lock.packages).flatMap(([path, wanted]) => {
    if (!path.includes("node_modules/") || wanted.optional || wanted.devOptional) return [];
    if (wanted.dev && set === "run") return [];
    return installed.packages[path]?.version === wanted.version || (wanted.link && path in installed.packages)
      ? []
      : [path];
  });
}

function stampIs(root: string, set: PackageSet, lock: string): boolean {
  try {
    return readFileSync(join(root, STAMP), "utf8") === stampOf(set, lock);
  } catch {
    // No stamp: nothing is vouched for.
    return false;
  }
}

/** Says that the tree in `root` holds this set of its lock file, whole. */
export function writeStamp(root: string, set: PackageSet): void {
  writeFileSync(join(root, STAMP), stampOf(set, readFileSync(join(root, "package-lock.json"), "utf8")));
}

/** The lock file itself is kept, not a digest: comparing 350 KB is faster than loading the code that hashes it. */
const stampOf = (set: PackageSet, lock: string): string => `${set} ${process.platform}-${process.arch}\n${lock}`;
