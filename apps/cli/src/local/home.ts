import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, realpathSync, statfsSync } from "node:fs";
import { join, resolve } from "node:path";
import { CliError } from "../cli-error.ts";

/** Where one machine keeps everything that outlives a process. Mode 0700. */
export interface Home {
  readonly root: string;
  /** Streams: run logs, inboxes, doorbells. */
  readonly nats: string;
  /** Content-addressed blobs and packs of snapshots. */
  readonly objects: string;
  readonly ledger: string;
  readonly keys: string;
  readonly broker: string;
  readonly gateway: string;
  readonly logs: string;
  readonly cache: string;
  /** Twelve hexadecimal digits that name this home in places shared by several. */
  readonly id: string;
}

/** Below this, starting work would only fail half-way. */
const LEAST_FREE_BYTES = 64 << 20;

/**
 * The home of a checkout: `<checkout>/.cofferdam`, or COFFERDAM_HOME. Its folder is created.
 *
 * @throws {CliError} HOME_UNWRITABLE
 */
export function openHome(env: NodeJS.ProcessEnv, checkout: string): Home {
  const wanted = resolve(env["COFFERDAM_HOME"] || join(checkout, ".cofferdam"));
  try {
    mkdirSync(wanted, { recursive: true, mode: 0o700 });
    accessSync(wanted, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new CliError({
      code: "HOME_UNWRITABLE",
      message: `cannot write to ${wanted}, where Cofferdam keeps its state`,
      mend: "name a folder that you may write to in COFFERDAM_HOME",
      cause,
    });
  }
  const root = realpathSync(wanted);
  return {
    root,
    nats: join(root, "nats"),
    objects: join(root, "objects"),
    ledger: join(root, "ledger"),
    keys: join(root, "keys"),
    broker: join(root, "broker"),
    gateway: join(root, "gateway"),
    logs: join(root, "logs"),
    cache: env["COFFERDAM_CACHE"] || join(root, "cache"),
    id: createHash("sha256").update(root).digest("hex").slice(0, 12),
  };
}

/**
 * Refuses to begin where the disk is about to be full: what runs stops cleanly at a full disk, but there is no point in
 * starting there.
 *
 * @throws {CliError} DISK_FULL
 */
export function requireFreeSpace(home: Home): void {
  const { bavail, bsize } = statfsSync(home.root);
  const free = bavail * bsize;
  if (free >= LEAST_FREE_BYTES) return;
  throw new CliError({
    code: "DISK_FULL",
    message: `only ${Math.floor(free / (1 << 20))} MiB are free where ${home.root} lies; at least ${LEAST_FREE_BYTES >> 20} MiB are needed`,
    mend: "free space there, or move the state with COFFERDAM_HOME",
  });
}
