import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { glob, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checkout } from "./checkout.ts";
import { npm } from "./npm-tarball.mjs";
import { SetupError } from "./setup-error.ts";

/** `run` leaves out everything that only builds, checks or tests. */
export type PackageSet = "run" | "all";

const ATTEMPTS = 3;
const LIMIT_MS = 300_000;
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

/**
 * Installs beside the checkout's tree and swaps it in when it is whole: a set-up that is killed leaves the tree that
 * was there. No package script is run.
 */
export async function installPackages(
  checkout: Checkout,
  set: PackageSet,
  onRetry: (attempt: number, of: number) => void,
): Promise<{ detail: string }> {
  // In the checkout, not in the cache, which may be on another file system: trees are swapped by renaming.
  const scratch = join(checkout.root, ".cofferdam/scratch");
  const staging = join(scratch, "install");
  await rm(staging, { recursive: true, force: true });
  await stage(checkout.root, staging);

  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if (set === "run") args.push("--omit=dev");
  for (let attempt = 1; ; attempt++) {
    const outcome = await npm(args, staging, LIMIT_MS);
    if (outcome.code === 0) break;
    if (attempt === ATTEMPTS || !mayPass(outcome.reason)) throw npmFailure(outcome.reason);
    onRetry(attempt + 1, ATTEMPTS);
  }
  const size = await sizeOf(join(staging, "node_modules"));
  writeStamp(staging, set, readFileSync(join(staging, "package-lock.json"), "utf8"));
  await swap(staging, checkout.root, join(scratch, "replaced"));
  await rm(staging, { recursive: true, force: true });
  return { detail: `${size.packages} packages, ${Math.round(size.bytes / 1e6)} MB` };
}

function stampIs(root: string, set: PackageSet, lock: string): boolean {
  try {
    return readFileSync(join(root, STAMP), "utf8") === stampOf(set, lock);
  } catch {
    // No stamp: nothing is vouched for.
    return false;
  }
}

function writeStamp(root: string, set: PackageSet, lock: string): void {
  writeFileSync(join(root, STAMP), stampOf(set, lock));
}

/** The lock file itself is kept, not a digest: comparing 350 KB is faster than loading the code that hashes it. */
const stampOf = (set: PackageSet, lock: string): string => `${set} ${process.platform}-${process.arch}\n${lock}`;

/** Copies what `npm ci` reads: the manifests of root and workspaces, the lock file, the settings. */
async function stage(root: string, staging: string): Promise<void> {
  const files = ["package.json", "package-lock.json", ".npmrc"];
  for await (const file of glob(["apps/*/package.json", "libs/*/package.json"], { cwd: root })) files.push(file);
  for (const file of files) {
    await mkdir(dirname(join(staging, file)), { recursive: true });
    cpSync(join(root, file), join(staging, file));
  }
}

/** Workspaces' own trees first, the root's with its stamp last. */
async function swap(staging: string, root: string, replaced: string): Promise<void> {
  const trees: string[] = [];
  for await (const tree of glob(["apps/*/node_modules", "libs/*/node_modules"], { cwd: staging })) trees.push(tree);
  await rm(replaced, { recursive: true, force: true });
  for (const tree of [...trees, "node_modules"]) {
    await mkdir(dirname(join(replaced, tree)), { recursive: true });
    if (existsSync(join(root, tree))) await rename(join(root, tree), join(replaced, tree));
    await rename(join(staging, tree), join(root, tree));
  }
  await rm(replaced, { recursive: true, force: true });
}

async function sizeOf(tree: string): Promise<{ packages: number; bytes: number }> {
  let bytes = 0;
  let packages = 0;
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    bytes += (await stat(file)).size;
    if (entry.name === "package.json" && /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file)) packages++;
  }
  return { packages, bytes };
}

const mayPass = (reason: string): boolean =>
  /no end after|E(AI_AGAIN|CONN|TIMEDOUT|SOCKET)|network|50[234]/i.test(reason);

function npmFailure(reason: string): SetupError {
  const message = `installing npm packages: ${reason}`;
  if (/ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|network|no end after/i.test(reason)) {
    const mend = "check that the npm registry can be reached from here (`npm ping`), proxies included, and start again";
    return new SetupError("REGISTRY_UNREACHABLE", message, mend);
  }
  if (/ENOSPC/.test(reason)) return new SetupError("DISK_FULL", message, "free disk space and start again");
  if (/EINTEGRITY/.test(reason)) {
    const mend =
      "the registry served other bytes than the lock file pins: run `npm cache clean --force` and start again";
    return new SetupError("INTEGRITY_MISMATCH", message, mend);
  }
  return new SetupError("NPM_FAILED", message, "the lines above are npm's; mend that and start again");
}
