import { createHash } from "node:crypto";

/** Sizes between which content is cut, in bytes. Changing them changes no stored tree, only what new content can share with old. */
export interface ChunkSizes {
  readonly min: number;
  /** A power of two; what chunks of random content are near. */
  readonly average: number;
  readonly max: number;
}

export const MAX_CHUNK_BYTES = 256 * 1024;
export const CONTENT_CHUNKS: ChunkSizes = { min: 16 * 1024, average: 64 * 1024, max: MAX_CHUNK_BYTES };
/** For the descriptions of trees: one changed entry costs a few KiB. */
export const TREE_CHUNKS: ChunkSizes = { min: 2 * 1024, average: 8 * 1024, max: 32 * 1024 };

/** 256 fixed pseudo-random 32-bit numbers: SHA-256 of `cofferdam gear <i>`, first four bytes. */
const GEAR = Int32Array.from({ length: 256 }, (_, i) =>
  createHash("sha256").update(`cofferdam gear ${i}`).digest().readInt32BE(),
);

/**
 * Length of the first chunk of `bytes`, which hold at least `sizes.max` bytes or all that is left.
 *
 * FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking of level 2: a rolling gear hash cuts where its top bits are zero, two bits
 * more than the average asks for before the average and two less after it. The cut depends on the last 32 bytes only, so an insertion
 * moves the cuts around it and no others.
 */
export function cutPoint(bytes: Uint8Array, sizes: ChunkSizes = CONTENT_CHUNKS): number {
  const end = Math.min(bytes.length, sizes.max);
  if (end <= sizes.min) return end;
  const normal = Math.min(sizes.average, end);
  const bits = Math.log2(sizes.average);
  const [strict, loose] = [32 - (bits + 2), 32 - (bits - 2)];
  let hash = 0;
  let i = sizes.min;
  for (; i < normal; i++) {
    hash = ((hash << 1) + (GEAR[bytes[i] as number] as number)) | 0;
    if (hash >>> strict === 0) return i + 1;
  }
  for (; i < end; i++) {
    hash = ((hash << 1) + (GEAR[bytes[i] as number] as number)) | 0;
    if (hash >>> loose === 0) return i + 1;
  }
  return end;
}

/** All chunks of bytes in memory, as views of them. */
export function* chunksIn(bytes: Uint8Array, sizes: ChunkSizes = CONTENT_CHUNKS): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = cutPoint(bytes.subarray(at, at + sizes.max), sizes);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
