import { lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SandboxError } from "@cofferdam/sandbox-provider";

/** User ids for sandboxes: from `first`, so many. No account of the machine may lie in the range. */
export interface UidRange {
  readonly first: number;
  readonly count: number;
}

export const defaultUidRange: UidRange = { first: 200_000, count: 65_536 };

/**
 * Gives each sandbox of this machine a user id of its own. A claim names the sandbox's folder, so that brokers that know
 * nothing of each other never give out the same id, and one that was killed leaves behind what it had claimed. A claim
 * is stale once that folder is gone and no process runs under the id.
 */
export class UidRegistry {
  readonly #database: DatabaseSync;
  readonly #range: UidRange;
  #next = 0;

  /** `folder` is the machine's, shared by all brokers on it. */
  constructor(folder: string, range: UidRange) {
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    this.#database = new DatabaseSync(join(folder, "uids.sqlite"), { timeout: 10_000 });
    this.#database.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;");
    this.#database.exec(
      "CREATE TABLE IF NOT EXISTS claims (uid INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE) STRICT",
    );
    this.#range = range;
  }

  /** Claims an id for a folder, which must exist. @throws {SandboxError} `UIDS_EXHAUSTED` */
  claim(folder: string): number {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const uid = this.#free();
      this.#database.prepare("INSERT OR REPLACE INTO claims (uid, folder) VALUES (?, ?)").run(uid, folder);
      this.#database.exec("COMMIT");
      return uid;
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full; what failed must not be hidden by that.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Gives back what a folder held, after it is gone and all processes have ended. */
  release(folder: string): void {
    this.#database.prepare("DELETE FROM claims WHERE folder = ?").run(folder);
  }

  /** The id that a folder holds. */
  claimOf(folder: string): number | undefined {
    const uid = this.#database.prepare("SELECT uid FROM claims WHERE folder = ?").get(folder)?.["uid"];
    return typeof uid === "number" ? uid : undefined;
  }

  close(): void {
    this.#database.close();
  }

  #free(): number {
    const running = uidsInUse();
    const holder = this.#database.prepare("SELECT folder FROM claims WHERE uid = ?");
    for (let tried = 0; tried < this.#range.count; tried++) {
      const uid = this.#range.first + (this.#next++ % this.#range.count);
      const folder = holder.get(uid)?.["folder"];
      if (typeof folder === "string" && lstatSync(folder, { throwIfNoEntry: false }) !== undefined) continue;
      if (!running.has(uid)) return uid;
    }
    throw new SandboxError(
      "UIDS_EXHAUSTED",
      `all ${this.#range.count} user ids from ${this.#range.first} belong to living sandboxes`,
      "wait for a sandbox to end, or widen COFFERDAM_UID_RANGE",
    );
  }
}

/** Real user ids of the processes that run now. */
export function uidsInUse(): ReadonlySet<number> {
  const uids = new Set<number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const uid = uidOf(name);
    if (uid !== undefined) uids.add(uid);
  }
  return uids;
}

// Not the owner of the folder: a process that is not dumpable seems to be root's.
function uidOf(pid: string): number | undefined {
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    // ENOENT or ESRCH: it ended in between.
    return undefined;
  }
}
