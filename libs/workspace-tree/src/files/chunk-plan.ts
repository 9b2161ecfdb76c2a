import type { Digest } from "@cofferdam/storage";
import { chunksOf, type FileEntry } from "../tree/tree.ts";

/** One chunk's place in one file. */
export interface Placement {
  readonly file: FileEntry;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Chunks to be asked for together, each once, and all places where it goes. */
export type Batch = ReadonlyMap<Digest, readonly Placement[]>;

/** Bound what a batch holds in memory. */
const BATCH_BYTES = 8 << 20;
const BATCH_CHUNKS = 1_024;

/** All chunks of the files in order, in batches. */
export function* planChunks(files: Iterable<FileEntry>): Generator<Batch> {
  let batch = new Map<Digest, Placement[]>();
  let bytes = 0;
  for (const file of files) {
    let offset = 0;
    for (const { digest, sizeBytes } of chunksOf(file)) {
      const places = batch.get(digest);
      if (places === undefined) {
        batch.set(digest, [{ file, offset, sizeBytes }]);
        bytes += sizeBytes;
      } else {
        places.push({ file, offset, sizeBytes });
      }
      offset += sizeBytes;
      if (bytes < BATCH_BYTES && batch.size < BATCH_CHUNKS) continue;
      yield batch;
      batch = new Map();
      bytes = 0;
    }
  }
  if (batch.size > 0) yield batch;
}
