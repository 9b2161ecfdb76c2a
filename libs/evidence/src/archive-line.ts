import { groupedIndex, TILE_WIDTH } from "@cofferdam/transparency-log";
import { EvidenceError } from "./errors.ts";

/**
 * One event as the ledger archives it: the whole envelope, body included, with its place in the ledger and in the
 * stream. A line of text: `<index> <stream sequence> <canonical envelope>`; canonical JSON has no line breaks.
 */
export interface ArchivedEvent {
  /** Place in the ledger, from 0. */
  readonly index: number;
  /** Sequence of the message in stream RUNS. */
  readonly sequence: number;
  /** The envelope's canonical JSON, byte for byte as the stream held it. */
  readonly envelope: Uint8Array;
}

/** Events in one file of the archive: as many as entries in one entry bundle. */
export const ARCHIVE_WIDTH = TILE_WIDTH;
const NEWLINE = 0x0a;

/** File that holds events `bundle * ARCHIVE_WIDTH` and following. */
export const archivePath = (bundle: number): string => `events/${groupedIndex(bundle)}`;

/** The line without its line break: what the archive's own tree hashes. */
export const encodeArchiveLine = ({ index, sequence, envelope }: ArchivedEvent): Uint8Array =>
  Buffer.concat([Buffer.from(`${index} ${sequence} `), envelope]);

export const joinArchiveLines = (lines: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(lines.flatMap((line) => [line, Buffer.of(NEWLINE)]));

/** Lines of an archive file, without their line breaks. `torn` is what follows the last line break. */
export function splitArchiveLines(file: Uint8Array): { readonly lines: Uint8Array[]; readonly torn: Uint8Array } {
  const lines = [];
  let start = 0;
  for (let end = file.indexOf(NEWLINE); end >= 0; end = file.indexOf(NEWLINE, start)) {
    lines.push(file.subarray(start, end));
    start = end + 1;
  }
  return { lines, torn: file.subarray(start) };
}

export function parseArchiveLine(line: Uint8Array): ArchivedEvent {
  // The two numbers are at most 16 digits each.
  const head = Buffer.from(line.subarray(0, 40)).toString("latin1");
  const [all, index, sequence] = /^(0|[1-9]\d{0,15}) ([1-9]\d{0,15}) (?=\{)/.exec(head) ?? [];
  if (all === undefined) throw new EvidenceError("MALFORMED", "an archive line must be <index> <sequence> <envelope>");
  return { index: Number(index), sequence: Number(sequence), envelope: line.subarray(all.length) };
}
