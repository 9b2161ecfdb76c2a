import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { SandboxError } from "@cofferdam/sandbox-provider";

const run = promisify(execFile);

/** The first that has `--disable-userns`. */
export const MINIMUM_BUBBLEWRAP_VERSION = "0.8.0";

export interface Bubblewrap {
  readonly path: string;
  /** For example `0.8.0`. */
  readonly version: string;
}

export interface FindOptions {
  /** Folder of downloaded tools, e.g. `<checkout>/.cofferdam/cache`; `bubblewrap/` below it is a package's tree. */
  readonly cacheDir?: string;
  /** Environment to read `COFFERDAM_BWRAP` and `PATH` from. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds a bubblewrap that is new enough: `COFFERDAM_BWRAP` alone if it is set, else the first on `PATH`, else the cache.
 * @throws {SandboxError} `BUBBLEWRAP_NOT_FOUND`, or `BUBBLEWRAP_TOO_OLD` where the only ones there are too old.
 */
export async function findBubblewrap(options: FindOptions = {}): Promise<Bubblewrap> {
  const env = options.env ?? process.env;
  const named = env["COFFERDAM_BWRAP"];
  const tooOld: Bubblewrap[] = [];
  for (const path of named ? [named] : candidates(env["PATH"] ?? "", options.cacheDir)) {
    const version = await versionOf(path);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { path, version };
    tooOld.push({ path, version });
  }
  const mend = `run ./cofferdam, which fetches one, or install bubblewrap ${MINIMUM_BUBBLEWRAP_VERSION} or newer and put it on PATH or name it in COFFERDAM_BWRAP`;
  const [old] = tooOld;
  if (old !== undefined) {
    const message = `looking for bubblewrap: ${old.path} is ${old.version}, older than ${MINIMUM_BUBBLEWRAP_VERSION}`;
    throw new SandboxError("BUBBLEWRAP_TOO_OLD", message, mend);
  }
  const where = named ? `COFFERDAM_BWRAP names ${named}, which does not run` : "none on PATH or in the cache";
  throw new SandboxError("BUBBLEWRAP_NOT_FOUND", `looking for bubblewrap: ${where}`, mend);
}

function candidates(path: string, cacheDir: string | undefined): string[] {
  const folders = path.split(delimiter).filter((folder) => folder.startsWith("/"));
  if (cacheDir !== undefined) folders.push(join(cacheDir, "bubblewrap/usr/bin"));
  return folders.map((folder) => join(folder, "bwrap"));
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ["--version"], { timeout: 10_000, env: {} });
    return /^bubblewrap (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  } catch {
    // Not there, not executable or not for this machine: not a candidate.
    return undefined;
  }
}

export function isNewEnough(version: string): boolean {
  const minimum = MINIMUM_BUBBLEWRAP_VERSION.split(".").map(Number);
  const found = version.split(".").map(Number);
  for (const [i, wanted] of minimum.entries()) {
    const difference = (found[i] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
