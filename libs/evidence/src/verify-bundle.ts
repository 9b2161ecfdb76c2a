import { decodeEnvelope, type Decoded, leafBytes, leafOf } from "@cofferdam/run-log";
import {
  decodeEntries,
  type Hash,
  HASH_BYTES,
  leafHash,
  sameHash,
  TILE_WIDTH,
  type TileLevel,
  tilePath,
  type TileReader,
} from "@cofferdam/transparency-log";
import { type ArchivedEvent, archivePath, parseArchiveLine, splitArchiveLines } from "./archive-line.ts";
import { type Findings, messageOf } from "./finding.ts";

/** An archived event that could be read. */
export interface ReadEvent extends ArchivedEvent {
  readonly decoded: Extract<Decoded, { ok: true }>;
}

/** What is known of one index after its three copies were compared. */
export interface VerifiedEntry {
  /** What the tree must hold here; undefined where no copy says so. */
  readonly hash: Hash | undefined;
  /** Its leaf, likewise. */
  readonly leaf: Uint8Array | undefined;
  readonly event: ReadEvent | undefined;
  /** The archive line as stored. */
  readonly line: Uint8Array | undefined;
}

/**
 * Compares the three copies of up to 256 entries: leaf in the entry bundle, hash in the tile, event in the archive. Where
 * one differs the other two tell which; all that differ are named.
 */
export async function verifyBundle(
  store: TileReader,
  bundle: number,
  width: number,
  findings: Findings,
): Promise<VerifiedEntry[]> {
  const first = bundle * TILE_WIDTH;
  const entries = await readEntries(store, bundle, width, findings);
  const hashes = await readHashes(store, bundle, width, findings);
  const lines = await readLines(store, bundle, width, findings);
  const verified = Array.from({ length: width }, (_, i): VerifiedEntry => {
    const event = readEvent(lines[i], first + i, findings);
    return compare(first + i, bundle, width, entries[i], hashes[i], event, lines[i], findings);
  });
  return verified;
}

function compare(
  index: number,
  bundle: number,
  width: number,
  entry: Uint8Array | undefined,
  stored: Hash | undefined,
  event: ReadEvent | undefined,
  line: Uint8Array | undefined,
  findings: Findings,
): VerifiedEntry {
  const ofEntry = entry === undefined ? undefined : leafHash(entry);
  const leaf = event === undefined ? undefined : leafBytes(leafOf(event.decoded.envelope));
  const ofEvent = leaf === undefined ? undefined : leafHash(leaf);
  const place = (level: TileLevel) => tilePath({ level, index: bundle, width });
  if (agree(ofEntry, ofEvent)) {
    if (!agree(ofEntry, stored)) findings.add("tile", place(0), `the hash of entry ${index} is not that of its leaf`);
    return { hash: ofEntry, leaf: entry, event, line };
  }
  if (agree(ofEvent, stored)) {
    findings.add("entry", place("entries"), `entry ${index} is not the leaf that tree and archive hold`);
    return { hash: ofEvent, leaf, event, line };
  }
  if (agree(ofEntry, stored)) {
    if (event !== undefined)
      findings.add("event", archivePath(bundle), `event ${index} is not the one whose leaf the tree holds`);
    return { hash: ofEntry, leaf: entry, event: undefined, line };
  }
  findings.add("entry", place("entries"), `entry ${index}, its hash and its event all differ`);
  return { hash: ofEntry ?? ofEvent ?? stored, leaf: entry ?? leaf, event: undefined, line };
}

const agree = (a: Hash | undefined, b: Hash | undefined): boolean =>
  a !== undefined && b !== undefined && sameHash(a, b);

function readEvent(line: Uint8Array | undefined, index: number, findings: Findings): ReadEvent | undefined {
  if (line === undefined) return undefined;
  const place = archivePath(Math.floor(index / TILE_WIDTH));
  try {
    const archived = parseArchiveLine(line);
    const decoded = decodeEnvelope(archived.envelope);
    if (archived.index !== index)
      findings.add("event", place, `line ${index % TILE_WIDTH} says index ${archived.index}, not ${index}`);
    if (!decoded.ok) findings.add("event", place, `event ${index} cannot be read: ${decoded.reason}`);
    return decoded.ok && archived.index === index ? { ...archived, decoded } : undefined;
  } catch (error) {
    findings.add("event", place, `event ${index} cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

async function readLines(store: TileReader, bundle: number, width: number, findings: Findings): Promise<Uint8Array[]> {
  const path = archivePath(bundle);
  const bytes = await store.read(path);
  if (bytes === undefined) findings.add("event", path, "missing");
  const { lines } = splitArchiveLines(bytes ?? Buffer.of());
  if (bytes !== undefined && lines.length < width) {
    findings.add("event", path, `has ${lines.length} events, the state record says ${width}`);
  }
  return lines.slice(0, width);
}

async function readEntries(
  store: TileReader,
  bundle: number,
  width: number,
  findings: Findings,
): Promise<Uint8Array[]> {
  const found = await readStored(store, "entries", bundle, width);
  if (found === undefined) {
    findings.add("entry", tilePath({ level: "entries", index: bundle, width }), "missing");
    return [];
  }
  try {
    const entries = decodeEntries(found.bytes);
    if (entries.length !== found.width)
      findings.add("entry", found.path, `has ${entries.length} entries, not ${found.width}`);
    return entries.slice(0, width);
  } catch (error) {
    findings.add("entry", found.path, messageOf(error));
    return [];
  }
}

async function readHashes(store: TileReader, bundle: number, width: number, findings: Findings): Promise<Hash[]> {
  const found = await readStored(store, 0, bundle, width);
  if (found === undefined) {
    findings.add("tile", tilePath({ level: 0, index: bundle, width }), "missing");
    return [];
  }
  if (found.bytes.length !== found.width * HASH_BYTES)
    findings.add("tile", found.path, `has ${found.bytes.length} bytes`);
  const count = Math.min(width, Math.floor(found.bytes.length / HASH_BYTES));
  return Array.from({ length: count }, (_, i) => found.bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}

/** A tile of `width`, or the full one that has replaced it since. */
export async function readStored(store: TileReader, level: TileLevel, index: number, width: number) {
  for (const form of new Set([width, TILE_WIDTH])) {
    const path = tilePath({ level, index, width: form });
    const bytes = await store.read(path);
    if (bytes !== undefined) return { path, bytes, width: form };
  }
  return undefined;
}
