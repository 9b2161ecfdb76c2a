import { TransparencyLogError } from "./errors.ts";

/** Longest entry that a bundle can hold: its length is a uint16. */
export const MAX_ENTRY_BYTES = 0xffff;

/** C2SP tlog-tiles entry bundle: each entry after its length as a big-endian uint16. */
export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new TransparencyLogError("RANGE", `an entry of ${entry.length} bytes; at most ${MAX_ENTRY_BYTES} fit`);
    }
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(entry.length);
    parts.push(length, entry);
  }
  return Buffer.concat(parts);
}

export function decodeEntries(bundle: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries = [];
  for (let at = 0; at < bytes.length;) {
    const start = at + 2;
    const end = start > bytes.length ? Infinity : start + bytes.readUInt16BE(at);
    if (end > bytes.length)
      throw new TransparencyLogError("MALFORMED", `entry bundle ends inside entry ${entries.length}`);
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  return entries;
}
