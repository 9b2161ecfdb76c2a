import { canonicalJson, type Digest, Team } from "@cofferdam/run-log";
import { type NoteSigner, type NoteVerifier, openNote, signNote } from "@cofferdam/transparency-log";
import { EvidenceError } from "./errors.ts";

/** File of the ledger that holds the {@link StateRecord}. */
export const STATE_PATH = "state";
/** File of the ledger that holds the newest checkpoint. */
export const CHECKPOINT_PATH = "checkpoint";

/**
 * The commit point of the ledger: what it holds, and how far it has read. Everything that it names is durable before it
 * is, and it is replaced whole. The heads of the logs are not repeated here: they follow from the archive, which
 * `archive` binds.
 */
export interface StateRecord {
  readonly version: 1;
  readonly team: Team;
  readonly stream: string;
  /** Messages of the stream taken into account by the last commit, valid or void; 0 and 0 before the first. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Digest of subject and bytes of message `lastSequence`: shows a stream that was rewritten. Empty before the first. */
  readonly lastMessage: Digest | "";
  /** Entries in the tree, and lines in the archive. */
  readonly size: number;
  /** Base64 of the perfect subtrees of the tree over the archive's lines, largest first. */
  readonly archive: readonly string[];
  /** The checkpoint over `size` entries. */
  readonly checkpoint: string;
}

/** The record is a signed note of its own, so that no byte of it can change unseen. */
export function signStateRecord(record: StateRecord, signer: NoteSigner): string {
  return signNote(`${signer.name}/state\n${canonicalJson(record)}\n`, signer);
}

/** Throws TransparencyLogError (`MALFORMED`, `SIGNATURE`) or EvidenceError (`MALFORMED`). */
export function openStateRecord(note: string, verifier: NoteVerifier): StateRecord {
  const [origin, json, ...rest] = openNote(note, verifier).split("\n");
  if (origin !== `${verifier.name}/state` || json === undefined || rest.join("") !== "") throw malformed("its lines");
  return parseRecord(json);
}

function parseRecord(json: string): StateRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw malformed("no JSON", error);
  }
  if (typeof value !== "object" || value === null) throw malformed("no object");
  const v = value as Partial<Record<keyof StateRecord, unknown>>;
  for (const name of ["firstSequence", "lastSequence", "size"] as const) {
    if (!Number.isSafeInteger(v[name]) || Number(v[name]) < 0) throw malformed(name);
  }
  for (const name of ["team", "stream", "checkpoint", "lastMessage"] as const) {
    if (typeof v[name] !== "string") throw malformed(name);
  }
  if (v.version !== 1) throw malformed(`version ${String(v.version)}`);
  if (!Array.isArray(v.archive) || v.archive.some((h) => typeof h !== "string")) throw malformed("archive");
  return value as StateRecord;
}

const malformed = (what: string, cause?: unknown): EvidenceError =>
  new EvidenceError("MALFORMED", `the state record is not readable: ${what}`, cause);

/** Name of a team's ledger key, and origin of its checkpoints. `unique` tells apart ledgers of teams with one name. */
export const ledgerName = (team: Team, unique: string): string => `cofferdam.dev/ledger/${team}/${unique}`;

/** The team that a ledger's name names. */
export function teamOfLedger(name: string): Team {
  const [, team] = /^cofferdam\.dev\/ledger\/([^/]+)\/[^/]+$/.exec(name) ?? [];
  if (team === undefined) throw new EvidenceError("MALFORMED", `${JSON.stringify(name)} is not the name of a ledger`);
  return Team(team);
}
