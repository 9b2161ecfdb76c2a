import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LedgerFiles } from "@cofferdam/evidence";
import { decodeEnvelope } from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import { damaged } from "./recovery.ts";

/** An event as the index knows it. */
export interface IndexedEvent {
  readonly index: number;
  readonly sequence: number;
  /** `<run>` or `<run>/<task>`. */
  readonly log: string;
  readonly ordinal: number;
  /** CloudEvents type. */
  readonly type: string;
}

const NAME = "index.sqlite";
/** Raised when the tables change: an index of another version is built anew. */
const VERSION = 1;
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS event (
    idx INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    log TEXT NOT NULL,
    run TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    type TEXT NOT NULL,
    UNIQUE (log, ordinal)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS event_by_run ON event (run, idx);
  CREATE TABLE IF NOT EXISTS origin (name TEXT NOT NULL) STRICT;
`;

/** Where the ledger holds which event. A cache: it may be deleted at any time and is built again from the archive. */
export class EventIndex {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      "INSERT INTO event (idx, sequence, log, run, ordinal, type) VALUES (?, ?, ?, ?, ?, ?)",
    );
  }

  /** Opens the index of the ledger `origin` and brings it to `size` events. */
  static async open(
    folder: string,
    origin: string,
    files: LedgerFiles,
    size: number,
    logger: Logger,
  ): Promise<EventIndex> {
    try {
      return await openAndCatchUp(folder, origin, files, size);
    } catch (error) {
      if (!isSqliteError(error)) throw error;
      logger.warn({ err: error }, "the index is not usable and is built anew");
    }
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(folder, NAME + suffix), { force: true });
    return await openAndCatchUp(folder, origin, files, size);
  }

  static wrap(database: DatabaseSync): EventIndex {
    return new EventIndex(database);
  }

  get size(): number {
    return Number(this.#database.prepare("SELECT count(*) AS n FROM event").get()?.["n"] ?? 0);
  }

  /** Adds the archived events that it lacks, up to `size`. */
  async catchUp(files: LedgerFiles, size: number): Promise<void> {
    for (let from = this.size; from < size; from = this.size) this.add(await readEvents(files, from, size));
  }

  add(events: readonly IndexedEvent[]): void {
    this.#database.exec("BEGIN");
    try {
      for (const { index, sequence, log, ordinal, type } of events) {
        this.#insert.run(index, sequence, log, runOf(log), ordinal, type);
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full; what failed must not be hidden by that.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Events of one log, oldest first. */
  ofLog(log: string): IndexedEvent[] {
    return this.#select("WHERE log = ? ORDER BY idx", log);
  }

  /** Events of a run's log and of its tasks' logs, in ledger order. */
  ofRun(run: string): IndexedEvent[] {
    return this.#select("WHERE run = ? ORDER BY idx", run);
  }

  at(log: string, ordinal: number): IndexedEvent | undefined {
    return this.#select("WHERE log = ? AND ordinal = ?", log, ordinal)[0];
  }

  close(): void {
    this.#database.close();
  }

  #select(where: string, ...values: readonly (string | number)[]): IndexedEvent[] {
    const rows = this.#database.prepare(`SELECT idx, sequence, log, ordinal, type FROM event ${where}`).all(...values);
    return rows.map((row) => ({
      index: Number(row["idx"]),
      sequence: Number(row["sequence"]),
      log: String(row["log"]),
      ordinal: Number(row["ordinal"]),
      type: String(row["type"]),
    }));
  }
}

async function openAndCatchUp(folder: string, origin: string, files: LedgerFiles, size: number): Promise<EventIndex> {
  const database = new DatabaseSync(join(folder, NAME));
  try {
    prepare(database, origin, size);
    const index = EventIndex.wrap(database);
    await index.catchUp(files, size);
    return index;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Empties an index of another ledger, of another version, or ahead of this one. */
function prepare(database: DatabaseSync, origin: string, size: number): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version !== VERSION) database.exec("DROP TABLE IF EXISTS event; DROP TABLE IF EXISTS origin");
  database.exec(SCHEMA);
  database.exec(`PRAGMA user_version = ${VERSION}`);
  const name = database.prepare("SELECT name FROM origin").get()?.["name"];
  const last = Number(database.prepare("SELECT coalesce(max(idx), -1) AS last FROM event").get()?.["last"] ?? -1);
  const count = Number(database.prepare("SELECT count(*) AS n FROM event").get()?.["n"] ?? 0);
  if (name === origin && last < size && count === last + 1) return;
  database.exec("DELETE FROM event; DELETE FROM origin");
  database.prepare("INSERT INTO origin (name) VALUES (?)").run(origin);
}

const CHUNK = 4_096;

async function readEvents(files: LedgerFiles, from: number, size: number): Promise<IndexedEvent[]> {
  const events: IndexedEvent[] = [];
  for await (const { index, sequence, envelope } of files.events(from, Math.min(size, from + CHUNK))) {
    const decoded = decodeEnvelope(envelope);
    if (!decoded.ok) throw damaged(`archived event ${index} cannot be read: ${decoded.reason}`);
    const { subject: log, ordinal, type } = decoded.envelope;
    events.push({ index, sequence, log, ordinal, type });
  }
  if (events.length === 0) throw damaged(`the archive has no event ${from}`);
  return events;
}

const runOf = (log: string): string => log.split("/")[0] ?? log;

const isSqliteError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SQLITE_ERROR";
