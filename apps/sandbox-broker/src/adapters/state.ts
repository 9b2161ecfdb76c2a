import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { RpcError } from "@cofferdam/service";
import type { Holder } from "../domain/holder.ts";

/** How a sandbox that is no more came to its end. */
export interface Ending {
  readonly state: "lost" | "released";
  readonly reason: string;
}

/** A command that has ended. */
export interface RecordedExec {
  readonly requestDigest: string;
  /** JSON of the outcome. */
  readonly outcome: string;
}

const schema = `
CREATE TABLE IF NOT EXISTS fences (log TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sandboxes (
  id TEXT PRIMARY KEY, log TEXT NOT NULL, epoch INTEGER NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS execs (
  sandbox_id TEXT NOT NULL, exec_id TEXT NOT NULL, request_digest TEXT NOT NULL, outcome TEXT NOT NULL,
  PRIMARY KEY (sandbox_id, exec_id)
) STRICT, WITHOUT ROWID;
`;

const KEEP_ENDED_MS = 7 * 86_400_000;

/** What the broker remembers over its own death. Every write is on disk when the call returns. */
export class BrokerState {
  readonly #database: DatabaseSync;

  /** @throws {RpcError} `STATE_IN_USE` if another broker holds the folder. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#database = new DatabaseSync(join(folder, "broker.sqlite"));
    try {
      this.#database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      this.#database.exec(schema);
    } catch (error) {
      this.#database.close();
      throw inUse(folder, error);
    }
  }

  /** Highest epoch that was ever seen of a log; -1 if none. */
  highestEpoch(log: string): number {
    return Number(this.#database.prepare("SELECT epoch FROM fences WHERE log = ?").get(log)?.["epoch"] ?? -1);
  }

  raiseEpoch(log: string, epoch: number): void {
    this.#database
      .prepare("INSERT INTO fences VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET epoch = max(epoch, excluded.epoch)")
      .run(log, epoch);
  }

  addSandbox(id: string, holder: Holder): void {
    this.#database
      .prepare("INSERT INTO sandboxes VALUES (?, ?, ?, 'live', '', ?)")
      .run(id, holder.log, holder.epoch, Date.now());
  }

  /** Records the end of a sandbox and forgets its commands: they mean nothing without their workspace. */
  endSandbox(id: string, ending: Ending): void {
    this.#database.exec("BEGIN");
    try {
      this.#database
        .prepare("UPDATE sandboxes SET state = ?, reason = ?, changed_ms = ? WHERE id = ? AND state = 'live'")
        .run(ending.state, ending.reason, Date.now(), id);
      this.#database.prepare("DELETE FROM execs WHERE sandbox_id = ?").run(id);
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full; what failed must not be hidden by that.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** How a sandbox ended, and whose it was; undefined if it never was or long ago. */
  endingOf(id: string): (Ending & { readonly log: string }) | undefined {
    const row = this.#database.prepare("SELECT state, reason, log FROM sandboxes WHERE id = ?").get(id);
    if (row === undefined) return undefined;
    const state = row["state"] === "released" ? "released" : "lost";
    return { state, reason: String(row["reason"]), log: String(row["log"]) };
  }

  /** Declares all that lived under an earlier process lost. Returns how many. */
  loseAll(reason: string): number {
    const { changes } = this.#database
      .prepare("UPDATE sandboxes SET state = 'lost', reason = ?, changed_ms = ? WHERE state = 'live'")
      .run(reason, Date.now());
    this.#database.exec("DELETE FROM execs");
    this.#database
      .prepare("DELETE FROM sandboxes WHERE state <> 'live' AND changed_ms < ?")
      .run(Date.now() - KEEP_ENDED_MS);
    return Number(changes);
  }

  recordExec(sandboxId: string, execId: string, exec: RecordedExec): void {
    this.#database
      .prepare("INSERT INTO execs VALUES (?, ?, ?, ?)")
      .run(sandboxId, execId, exec.requestDigest, exec.outcome);
  }

  execOf(sandboxId: string, execId: string): RecordedExec | undefined {
    const row = this.#database
      .prepare("SELECT request_digest, outcome FROM execs WHERE sandbox_id = ? AND exec_id = ?")
      .get(sandboxId, execId);
    if (row === undefined) return undefined;
    return { requestDigest: String(row["request_digest"]), outcome: String(row["outcome"]) };
  }

  close(): void {
    this.#database.close();
  }
}

const inUse = (folder: string, cause: unknown): RpcError =>
  new RpcError({
    status: "UNAVAILABLE",
    reason: "STATE_IN_USE",
    message: `the broker's state in ${folder} cannot be opened for this process alone`,
    mend: "end the other broker, or choose another state folder",
    cause,
  });
