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

/** Whether the tree in `root` is what the lock file says; one comparison of bytes when it was stamped. */
export function packagesReady(root: string, set: PackageSet): boolean {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  if (stampIs(root, "all", lock) || (set === "run" && stampIs(root, "run", lock))) return true;
  // Somebody ran npm by hand: its own record of what it installed says whether that will do.
  const record = join(root, "node_modules/.package-lock.json");
  if (!existsSync(record)) return false;
  const missing = missingPackages(JSON.parse(lock), JSON.parse(readFileSync(record, "utf8")), set);
  if (missing.length > 0) return false;
  writeStamp(root, set, lock);
  return true;
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
export function writeStamp(root: string, set: PackageSet, lock: string): void {
  writeFileSync(join(root, STAMP), stampOf(set, lock));
}

/** The lock file itself is kept, not a digest: comparing 350 KB is faster than loading the code that hashes it. */
const stampOf = (set: PackageSet, lock: string): string => `${set} ${process.platform}-${process.arch}\n${lock}`;
