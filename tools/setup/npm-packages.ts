import { cpSync, existsSync } from "node:fs";
import { glob, mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { mayPass, networkArguments, npm, npmFailure } from "./npm.mjs";
import { writeStamp, type PackageSet } from "../../libs/host-probe/src/requirements/packages.ts";

const ATTEMPTS = 3;
const LIMIT_MS = 300_000;
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
  await mkdir(scratch, { recursive: true });
  // A folder of its own each time: the npm of a set-up that was killed may still be writing into the last one.
  const staging = await mkdtemp(join(scratch, "install-"));
  try {
    await stage(checkout.root, staging);
    await runNpmCi(staging, set, onRetry);
    const size = await sizeOf(join(staging, "node_modules"));
    writeStamp(staging, set);
    await swap(staging, checkout.root, join(staging, "replaced"));
    return { detail: `${size.packages} packages, ${Math.round(size.bytes / 1e6)} MB` };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function runNpmCi(
  staging: string,
  set: PackageSet,
  onRetry: (attempt: number, of: number) => void,
): Promise<void> {
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  if (set === "run") args.push("--omit=dev");
  for (let attempt = 1; ; attempt++) {
    const outcome = await npm([...args, ...networkArguments(attempt)], staging, LIMIT_MS);
    if (outcome.code === 0) return;
    if (attempt === ATTEMPTS || !mayPass(outcome.reason)) throw npmFailure("installing npm packages", outcome.reason);
    onRetry(attempt + 1, ATTEMPTS);
  }
}

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
  for (const tree of [...trees, "node_modules"]) {
    await mkdir(dirname(join(replaced, tree)), { recursive: true });
    if (existsSync(join(root, tree))) await rename(join(root, tree), join(replaced, tree));
    await rename(join(staging, tree), join(root, tree));
  }
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
