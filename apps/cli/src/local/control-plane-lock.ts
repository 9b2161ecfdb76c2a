import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Home } from "./home.ts";

const recordSchema = z.object({
  pid: z.number(),
  /** `full` carries runs out; `read` only shows them, and is gone in a moment. */
  mode: z.enum(["full", "read"]),
  /** Where RunService, ManifestService and EvidenceService are served. */
  gateway: z.string(),
  startedAt: z.string(),
});

/** What the holder of the lock tells others. */
export type ControlPlaneRecord = z.output<typeof recordSchema>;

export interface ControlPlaneLock {
  /** Tells others where to reach the control plane, once it can be reached. */
  publish(record: ControlPlaneRecord): void;
  /** Takes that back. */
  withdraw(): void;
  release(): void;
}

const recordFile = (home: Home): string => join(home.root, "control-plane.json");

/**
 * Takes the right to run a control plane on this home, or returns undefined where another live process has it.
 *
 * The lock is an exclusive transaction on a small SQLite file: the kernel drops it when its holder dies, however it dies,
 * so that there is no stale lock to recognise and nothing to repair after kill -9. See docs/decisions/0080.
 */
export function tryLock(home: Home): ControlPlaneLock | undefined {
  const database = new DatabaseSync(join(home.root, "control-plane.lock"));
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  rmSync(recordFile(home), { force: true });
  return {
    publish: (record) => {
      const draft = `${recordFile(home)}.new`;
      writeFileSync(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
      renameSync(draft, recordFile(home));
    },
    withdraw: () => rmSync(recordFile(home), { force: true }),
    release: () => {
      rmSync(recordFile(home), { force: true });
      database.close();
    },
  };
}

/** The record of the control plane that runs, if it has said where it can be reached. Meaningful only while the lock is held. */
export function readRecord(home: Home): ControlPlaneRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordFile(home), "utf8")));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === code;

const SQLITE_BUSY = 5;
const isBusy = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "errcode" in error && error.errcode === SQLITE_BUSY;
