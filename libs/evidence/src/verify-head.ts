import { setTimeout as sleep } from "node:timers/promises";
import { type Checkpoint, type NoteVerifier, openCheckpoint, type TileReader } from "@cofferdam/transparency-log";
import { type Findings, messageOf } from "./finding.ts";
import { CHECKPOINT_PATH, openStateRecord, STATE_PATH, type StateRecord } from "./state-record.ts";

/** What a ledger says it is, before any of it is believed. Undefined where it cannot be read. */
export interface Head {
  readonly state: StateRecord | undefined;
  readonly checkpoint: Checkpoint | undefined;
}

interface Attempt {
  readonly head: Head;
  readonly problems: readonly (readonly ["state" | "checkpoint", string, string])[];
}

const POLL_MS = 50;
/** How long a commit may take from its state record to its checkpoint while we look. */
export const SETTLE_MS = 1_500;

/**
 * Reads state record and checkpoint and checks their signatures, and that they belong together. A ledger may be at work
 * meanwhile: it replaces the record first and the checkpoint right after.
 */
export async function readHead(store: TileReader, verifier: NoteVerifier, findings: Findings): Promise<Head> {
  const end = performance.now() + SETTLE_MS;
  let attempt = await tryHead(store, verifier);
  while (isBehind(attempt.head) && performance.now() < end) {
    await sleep(POLL_MS);
    attempt = await tryHead(store, verifier);
  }
  for (const problem of attempt.problems) findings.add(...problem);
  return attempt.head;
}

const isBehind = ({ state, checkpoint }: Head): boolean =>
  state !== undefined && checkpoint !== undefined && checkpoint.size < state.size;

async function tryHead(store: TileReader, verifier: NoteVerifier): Promise<Attempt> {
  const problems: (readonly ["state" | "checkpoint", string, string])[] = [];
  const checkpointNote = await readText(store, CHECKPOINT_PATH);
  const stateNote = await readText(store, STATE_PATH);
  const read = <T>(kind: "state" | "checkpoint", path: string, open: () => T): T | undefined => {
    try {
      return open();
    } catch (error) {
      problems.push([kind, path, messageOf(error)]);
      return undefined;
    }
  };
  const checkpoint = read("checkpoint", CHECKPOINT_PATH, () => openCheckpoint(checkpointNote, verifier));
  const state = read("state", STATE_PATH, () => openStateRecord(stateNote, verifier));
  if (state !== undefined && checkpoint !== undefined && state.checkpoint !== checkpointNote) {
    const [older, path] =
      checkpoint.size < state.size ? (["checkpoint", CHECKPOINT_PATH] as const) : (["state", STATE_PATH] as const);
    const sizes = `checkpoint of ${checkpoint.size} entries, state record of ${state.size}`;
    problems.push([older, path, `rolled back or exchanged: ${sizes}`]);
  }
  return { head: { state, checkpoint }, problems };
}

async function readText(store: TileReader, path: string): Promise<string> {
  return Buffer.from((await store.read(path)) ?? "").toString("utf8");
}
