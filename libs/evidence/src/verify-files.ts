import { setTimeout as sleep } from "node:timers/promises";
import {
  type NoteVerifier,
  parseGroupedIndex,
  parseTilePath,
  TEMPORARY_SUFFIX,
  type TileReader,
  type TileStore,
} from "@cofferdam/transparency-log";
import { ARCHIVE_WIDTH, archivePath, splitArchiveLines } from "./archive-line.ts";
import type { Findings } from "./finding.ts";
import { CHECKPOINT_PATH, openStateRecord, STATE_PATH } from "./state-record.ts";
import { SETTLE_MS } from "./verify-head.ts";
import { isTileBeyond } from "./verify-tree.ts";

/** Files of a ledger that hold no evidence: they can be deleted at any time. */
const CACHES = /^(?:index\.sqlite(?:-wal|-shm|-journal)?|audit-cursor|lock(?:-journal)?)$/;
const EVIDENCE = new Set([STATE_PATH, CHECKPOINT_PATH]);
const POLL_MS = 50;

/**
 * Names files that the state record does not cover. What lies beyond it is either a commit under way, which is waited for,
 * one that was interrupted, or the sign of a record that was rolled back.
 */
export async function verifyFiles(store: TileStore, verifier: NoteVerifier, findings: Findings): Promise<void> {
  const end = performance.now() + SETTLE_MS;
  let beyond = await beyondState(store, verifier);
  while (beyond.size > 0 && performance.now() < end) {
    await sleep(POLL_MS);
    // A ledger at work has always something under way, but never the same for long.
    const now = await beyondState(store, verifier);
    beyond = new Set([...beyond].filter((path) => now.has(path)));
  }
  for (const path of beyond) {
    findings.add(
      "uncommitted",
      path,
      "goes beyond the state record: an interrupted commit (start the ledger, which mends it) or a rolled back record",
    );
  }
  for (const path of await store.list(""))
    if (!isKnown(path) && !path.endsWith(TEMPORARY_SUFFIX)) findings.add("stray", path, "no file of a ledger");
}

async function beyondState(store: TileStore, verifier: NoteVerifier): Promise<Set<string>> {
  const size = await committedSize(store, verifier);
  if (size === undefined) return new Set();
  const beyond = new Set((await store.list("")).filter((path) => isBeyond(path, size)));
  if (size % ARCHIVE_WIDTH > 0 && (await hasMoreLines(store, size))) {
    beyond.add(archivePath(Math.floor(size / ARCHIVE_WIDTH)));
  }
  return beyond;
}

function isBeyond(path: string, size: number): boolean {
  if (path.endsWith(TEMPORARY_SUFFIX)) return true;
  const id = parseTilePath(path);
  if (id !== undefined) return isTileBeyond(id, size);
  const bundle = bundleOf(path);
  return bundle !== undefined && bundle * ARCHIVE_WIDTH >= size;
}

/** Undefined where the record cannot be read, which is found and named elsewhere. */
async function committedSize(store: TileReader, verifier: NoteVerifier): Promise<number | undefined> {
  const note = await store.read(STATE_PATH);
  try {
    return note === undefined ? undefined : openStateRecord(Buffer.from(note).toString(), verifier).size;
  } catch {
    return undefined;
  }
}

async function hasMoreLines(store: TileReader, size: number): Promise<boolean> {
  const bytes = await store.read(archivePath(Math.floor(size / ARCHIVE_WIDTH)));
  const { lines, torn } = splitArchiveLines(bytes ?? Buffer.of());
  return lines.length > size % ARCHIVE_WIDTH || torn.length > 0;
}

function isKnown(path: string): boolean {
  return EVIDENCE.has(path) || CACHES.test(path) || parseTilePath(path) !== undefined || bundleOf(path) !== undefined;
}

function bundleOf(path: string): number | undefined {
  return path.startsWith("events/") ? parseGroupedIndex(path.slice("events/".length)) : undefined;
}
