import { createHash } from "node:crypto";
import { type BigIntStats, closeSync, constants, fstatSync, readSync } from "node:fs";
import { type Digest, digestOf } from "@cofferdam/storage";
import { CONTENT_CHUNKS, cutPoint } from "../chunk/fast-cdc.ts";
import { TreeError } from "../errors.ts";
import type { ChunkRef, FileContent } from "../tree/tree.ts";
import type { DirectoryHandle } from "./directory-handle.ts";
import type { TimeSlice } from "./time-slice.ts";

const BUFFER_BYTES = 1 << 20;

/** Receives each chunk while its bytes are at hand; they are valid until it returns. */
export type OnChunk = (chunk: ChunkRef, bytes: Uint8Array) => void | Promise<void>;

/** Opens a regular file that must be the one that `seen` described, and stays as it was until it is closed. */
export async function readContent(
  directory: DirectoryHandle,
  name: Uint8Array,
  seen: BigIntStats,
  slice: TimeSlice,
  onChunk?: OnChunk,
): Promise<FileContent> {
  const fd = directory.openFile(name, constants.O_RDONLY);
  try {
    unchanged(seen, fstatSync(fd, { bigint: true }));
    const content = await chunked(fd, Number(seen.size), slice, onChunk);
    unchanged(seen, fstatSync(fd, { bigint: true }));
    return content;
  } finally {
    closeSync(fd);
  }
}

async function chunked(fd: number, sizeBytes: number, slice: TimeSlice, onChunk?: OnChunk): Promise<FileContent> {
  const chunks: ChunkRef[] = [];
  const whole = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, Math.max(sizeBytes, 1)));
  let [start, end, read] = [0, 0, 0];
  for (;;) {
    if (end - start < CONTENT_CHUNKS.max && read < sizeBytes) {
      buffer.copyWithin(0, start, end);
      [start, end] = [0, end - start];
      const got = readSync(fd, buffer, end, Math.min(buffer.length - end, sizeBytes - read), read);
      if (got === 0) throw changed();
      [end, read] = [end + got, read + got];
      continue;
    }
    if (start === end) break;
    const bytes = buffer.subarray(start, start + cutPoint(buffer.subarray(start, end)));
    whole.update(bytes);
    const chunk = { digest: digestOf(bytes), sizeBytes: bytes.length };
    chunks.push(chunk);
    await onChunk?.(chunk, bytes);
    start += bytes.length;
    if (slice.isOver) await slice.rest();
  }
  const digest = `sha256:${whole.digest("hex")}` as Digest;
  return chunks.length > 1 ? { digest, sizeBytes, chunks } : { digest, sizeBytes };
}

function unchanged(before: BigIntStats, now: BigIntStats): void {
  const same =
    now.isFile() &&
    now.dev === before.dev &&
    now.ino === before.ino &&
    now.size === before.size &&
    now.mtimeNs === before.mtimeNs &&
    now.ctimeNs === before.ctimeNs;
  if (!same) throw changed();
}

const changed = () =>
  new TreeError({
    code: "CHANGED",
    message: "a file changed while it was read",
    mend: "keep the directory still while it is read",
  });
