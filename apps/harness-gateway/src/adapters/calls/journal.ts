import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { harness } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";

/** What the call service knows of one model call. */
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

/**
 * The call service's memory: SQLite, one file. What must outlive the machine is synced before the call returns: that a
 * request is about to be sent, the id under which its answer can be fetched again, the outcome, a fence. The rest outlives
 * the process, and is synced with what comes next.
 */
export class CallJournal {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

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
    const row = this.#statement("SELECT * FROM calls WHERE call_id = ?").get(callId);
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

  /** Not yet synced: a call that is forgotten before {@link sending} was not made. */
  create(callId: string, requestDigest: string): void {
    this.#unsynced("INSERT OR IGNORE INTO calls (call_id, request) VALUES (?, ?)", callId, requestDigest);
  }

  /**
   * About to send. A request that was open before is of unknown fate and counts as sent, except where the server takes it
   * for the same one (`idempotent`).
   */
  sending(callId: string, { idempotent }: { readonly idempotent: boolean }): void {
    const doubtful = idempotent ? "sends" : "sends + open";
    this.#synced(`UPDATE calls SET sends = ${doubtful}, open = 1, response_id = '' WHERE call_id = ?`, callId);
  }

  /** The provider refused it: nothing was accepted. */
  refused(callId: string): void {
    this.#synced("UPDATE calls SET open = 0 WHERE call_id = ?", callId);
  }

  /** The provider no longer has the response: its answer is lost, and asking again pays again. */
  forgotten(callId: string): void {
    this.#synced("UPDATE calls SET response_id = '' WHERE call_id = ?", callId);
  }

  /**
   * The provider has begun to answer. Worth a sync only where the answer can be `fetched` again by its id; elsewhere a
   * request that is found open counts as sent all the same.
   */
  accepted(callId: string, responseId: string, { fetched }: { readonly fetched: boolean }): void {
    const sql = "UPDATE calls SET open = 0, sends = sends + 1, response_id = ? WHERE call_id = ?";
    if (fetched) this.#synced(sql, responseId, callId);
    else this.#unsynced(sql, responseId, callId);
  }

  finish(callId: string, outcome: harness.CallOutcome): void {
    const bytes = harness.CallOutcome.encode(outcome).finish();
    this.#synced("UPDATE calls SET outcome = ? WHERE call_id = ?", bytes, callId);
  }

  /** Raises the highest epoch of a log; returns the highest. Epochs are kept for ever. */
  fence(log: string, epoch: number): number {
    const known = this.#statement("SELECT epoch FROM fences WHERE log = ?").get(log)?.["epoch"];
    const highest = typeof known === "number" ? known : -1;
    if (epoch <= highest) return highest;
    this.#synced("INSERT INTO fences VALUES (?, ?) ON CONFLICT (log) DO UPDATE SET epoch = excluded.epoch", log, epoch);
    return epoch;
  }

  close(): void {
    this.#db.close();
  }

  #synced(sql: string, ...values: SQLInputValue[]): void {
    try {
      this.#statement(sql).run(...values);
    } catch (error) {
      throw isFull(error) ? diskFull(error) : error;
    }
  }

  /** In WAL mode a later synced change syncs this one too: it stands before it in the same file. */
  #unsynced(sql: string, ...values: SQLInputValue[]): void {
    this.#db.exec("PRAGMA synchronous = NORMAL");
    try {
      this.#synced(sql, ...values);
    } finally {
      this.#db.exec("PRAGMA synchronous = FULL");
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

const SQLITE_FULL = 13;

const isFull = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "errcode" in error && error.errcode === SQLITE_FULL;

const diskFull = (cause: unknown): RpcError =>
  new RpcError({
    status: "RESOURCE_EXHAUSTED",
    reason: "DISK_FULL",
    message: "the disk of the call service is full",
    mend: "free space on it; the call waits",
    cause,
  });
