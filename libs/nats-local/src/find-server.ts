import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { NatsLocalError } from "./errors.ts";

const run = promisify(execFile);

/** Older servers are not serializable on expected sequences of replicated streams, or lack `sync_interval: always`. */
export const MINIMUM_NATS_VERSION = "2.14.9";

export interface NatsServerBinary {
  readonly path: string;
  /** For example `2.15.1`. */
  readonly version: string;
}

export interface FindOptions {
  /** Folder of downloaded tools, e.g. `<checkout>/.cofferdam/cache`; `nats-server/` below it is a package's tree. */
  readonly cacheDir?: string;
  /** Environment to read `COFFERDAM_NATS_SERVER` and `PATH` from. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds a nats-server that is new enough: `COFFERDAM_NATS_SERVER` alone if it is set, else the first on `PATH`, else
 * the cache. Throws NATS_NOT_FOUND, or NATS_TOO_OLD where the only ones there are too old.
 */
export async function findNatsServer(options: FindOptions = {}): Promise<NatsServerBinary> {
  const env = options.env ?? process.env;
  const named = env["COFFERDAM_NATS_SERVER"];
  const candidates = named ? [named] : candidatesIn(env["PATH"] ?? "", options.cacheDir);
  const tooOld: NatsServerBinary[] = [];
  for (const path of candidates) {
    const version = await versionOf(path);
    if (version === undefined) continue;
    if (compareVersions(version, MINIMUM_NATS_VERSION) >= 0) return { path, version };
    tooOld.push({ path, version });
  }
  const mend = `run ./cofferdam, which fetches one, or install nats-server ${MINIMUM_NATS_VERSION} or newer and put it on PATH or name it in COFFERDAM_NATS_SERVER`;
  const [old] = tooOld;
  if (old !== undefined) {
    throw new NatsLocalError(
      "NATS_TOO_OLD",
      `looking for nats-server: ${old.path} is ${old.version}, older than ${MINIMUM_NATS_VERSION}`,
      mend,
    );
  }
  const where = named ? `COFFERDAM_NATS_SERVER names ${named}, which does not run` : "none on PATH or in the cache";
  throw new NatsLocalError("NATS_NOT_FOUND", `looking for nats-server: ${where}`, mend);
}

function candidatesIn(path: string, cacheDir: string | undefined): string[] {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  if (cacheDir !== undefined) {
    folders.push(...["usr/sbin", "usr/bin", "."].map((sub) => join(cacheDir, "nats-server", sub)));
  }
  return folders.map((folder) => join(folder, "nats-server"));
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
    return /v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    // Not there, not executable or not for this machine: not a candidate.
    return undefined;
  }
}

/** Orders dotted version numbers; anything after the third number is ignored. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
