import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LedgerError } from "../errors.ts";

/** Held while a ledger writes to a folder. */
export interface FolderLock {
  release(): void;
}

/**
 * Two writers would sign two histories. The lock is SQLite's own on an empty database: the system drops it when the
 * process dies, however it dies.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, "lock"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw new LedgerError("IN_USE", `another process writes the ledger in ${folder}`, "end that process first", error);
  }
  return { release: () => database.close() };
}
