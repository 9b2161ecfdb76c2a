import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;
/** SQLITE_BUSY: another connection holds the lock. */
const BUSY = 5;

/**
 * Holds the set-up of one cache for this process while `work` runs; a second process waits for it. The lock is
 * SQLite's lock on a file, which the system drops when its holder dies: no stale lock, whatever was killed.
 */
export async function withSetupLock<T>(cache: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(cache, { recursive: true });
  const database = new DatabaseSync(join(cache, "setup.lock"));
  try {
    for (let waited = false; !tryLock(database); waited = true) {
      if (!waited) onWait();
      await sleep(POLL_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (typeof error === "object" && error !== null && "errcode" in error && error.errcode === BUSY) return false;
    throw error;
  }
}
