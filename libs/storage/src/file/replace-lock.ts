import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { aborted } from "./io-error.ts";

/**
 * One replacing writer at a time, across processes: an `ifMatch` must not be decided on a version that somebody replaces
 * meanwhile. Node has no flock(2); SQLite's exclusive transaction is a lock that the kernel drops when its holder dies.
 */
export class ReplaceLock {
  readonly #folder: string;
  #database: DatabaseSync | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs `work` alone. */
  run<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const turn = this.#tail.then(() => this.#locked(signal, work)).finally(() => this.#left());
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #locked<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const database = this.#connection();
    for (let waitMs = 1; !begin(database); waitMs = Math.min(waitMs * 2, 50)) {
      if (signal?.aborted) throw aborted("waiting to replace an object", signal.reason);
      await delay(waitMs);
    }
    try {
      return await work();
    } finally {
      database.exec("ROLLBACK");
    }
  }

  /** Nobody waits: hold no descriptor on a folder that may be unmounted or removed. */
  #left(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#database?.close();
    this.#database = undefined;
  }

  #connection(): DatabaseSync {
    if (this.#database !== undefined) return this.#database;
    mkdirSync(this.#folder, { recursive: true });
    this.#database = new DatabaseSync(join(this.#folder, "lock"), { timeout: 0 });
    return this.#database;
  }
}

function begin(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    // SQLITE_BUSY (5): another process holds it.
    if (typeof error === "object" && error !== null && "errcode" in error && error.errcode === 5) return false;
    throw error;
  }
}
