/**
 * What kind of thing differs:
 *
 * - `state`, `checkpoint`, `tile` (hashes), `entry` (leaves), `event` (archive): the ledger's own files.
 * - `chain`: an event does not continue its log.
 * - `uncommitted`, `stray`: files beyond the state record, or that no ledger writes.
 * - `completeness`: a run that lacks its end, or a log that its parent does not account for.
 * - `blob`, `snapshot`, `output`, `commit`: what the events name.
 * - `run-log`: stream RUNS against the archive.
 */
export type FindingKind =
  | "state"
  | "checkpoint"
  | "tile"
  | "entry"
  | "event"
  | "chain"
  | "uncommitted"
  | "stray"
  | "completeness"
  | "blob"
  | "snapshot"
  | "output"
  | "commit"
  | "run-log";

/** One difference between what should be and what is. */
export interface Finding {
  readonly kind: FindingKind;
  /** File, relative to the ledger's folder or as the event names it, or `entry <index>`, or a digest. */
  readonly place: string;
  readonly problem: string;
}

export class Findings {
  readonly list: Finding[] = [];

  add(kind: FindingKind, place: string, problem: string): void {
    this.list.push({ kind, place, problem });
  }
}

export const messageOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
