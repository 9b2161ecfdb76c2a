import { DatabaseSync } from "node:sqlite";
import { harness } from "@cofferdam/contracts";

/** What the call service knows of one model call. Every change is durable before the next act. */
export interface CallRecord {
  readonly callId: string;
  readonly requestDigest: string;
  /** Identifier at the provider, once it has said it. */
  readonly responseId: string;
  /** True from just before a request is sent until its fate is known. */
  readonly open: boolean;
  /** Requests that the provider accepted, or whose fate will never be known. */
  readonly sends: number;
  readonly outcome: harness.CallOutcome | undefined;
}

/** The call service's memory: SQLite with full synchronisation, one file. */
export class CallJournal {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS calls (
        call_id TEXT PRIMARY KEY, request TEXT NOT NULL, response_id TEXT NOT NULL DEFAULT '',
        open INTEGER NOT NULL DEFAULT 0, sends INTEGER NOT NULL DEFAULT 0, outcome BLOB
      ) STRICT;
      CREATE TABLE IF NOT EXISTS fences (log TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT;
    `);
  }

  get(callId: string): CallRecord | undefined {
    const row = this.#db.prepare("SELECT * FROM calls WHERE call_id = ?").get(callId);
    if (row === undefined) return undefined;
    const { outcome } = row;
    return {
      callId,
      requestDigest: String(row["request"]),
      responseId: String(row["response_id"]),
      open: row["open"] === 1,
      sends: Number(row["sends"]),
      outcome: outcome instanceof Uint8Array ? harness.CallOutcome.decode(outcome) : undefined,
    };
  }

  create(callId: string, requestDigest: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO calls (call_id, request) VALUES (?, ?)").run(callId, requestDigest);
  }

  /** About to send. A request that was open before is of unknown fate and counts as sent. */
  sending(callId: string): void {
    this.#db.prepare("UPDATE calls SET sends = sends + open, open = 1, response_id = '' WHERE call_id = ?").run(callId);
  }

  /** The provider refused it: nothing was accepted. */
  refused(callId: string): void {
    this.#db.prepare("UPDATE calls SET open = 0 WHERE call_id = ?").run(callId);
  }

  /** The provider no longer has the response: its answer is lost, and asking again pays again. */
  forgotten(callId: string): void {
    this.#db.prepare("UPDATE calls SET response_id = '' WHERE call_id = ?").run(callId);
  }

  accepted(callId: string, responseId: string): void {
    this.#db
      .prepare("UPDATE calls SET open = 0, sends = sends + 1, response_id = ? WHERE call_id = ?")
      .run(responseId, callId);
  }

  finish(callId: string, outcome: harness.CallOutcome): void {
    this.#db
      .prepare("UPDATE calls SET outcome = ? WHERE call_id = ?")
      .run(harness.CallOutcome.encode(outcome).finish(), callId);
  }

  /** Raises the highest epoch of a log; returns the highest. Epochs are kept for ever. */
  fence(log: string, epoch: number): number {
    this.#db
      .prepare("INSERT INTO fences VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET epoch = max(epoch, excluded.epoch)")
      .run(log, epoch);
    return Number(this.#db.prepare("SELECT epoch FROM fences WHERE log = ?").get(log)?.["epoch"]);
  }

  close(): void {
    this.#db.close();
  }
}
