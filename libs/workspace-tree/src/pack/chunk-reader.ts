import type { Digest, ObjectStore } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import type { Catalog, ChunkLocation } from "./catalog.ts";
import { openFrame } from "./format.ts";

/** Neighbours in a pack are read together up to this many bytes. */
const RUN_BYTES = 4 << 20;
const RUNS_AHEAD = 3;

export interface ReadChunk {
  readonly digest: Digest;
  readonly data: Uint8Array;
}

/**
 * Chunks in the order asked for, each verified against its digest.
 *
 * @throws TreeError NOT_FOUND for a chunk that the store does not hold, CORRUPT naming object and chunk; StorageError
 */
export async function* readChunks(
  store: ObjectStore,
  catalog: Catalog,
  digests: readonly Digest[],
  signal?: AbortSignal,
): AsyncGenerator<ReadChunk> {
  const runs = runsOf(digests.map((digest) => located(catalog, digest)));
  const options = signal === undefined ? {} : { signal };
  const read = async (run: Run) => ({ run, bytes: await store.read(run.pack, { range: run, ...options }) });
  const ahead: ReturnType<typeof read>[] = [];
  try {
    for (let next = 0; next < runs.length || ahead.length > 0;) {
      for (; ahead.length < RUNS_AHEAD && next < runs.length; next++) {
        const reading = read(runs[next] as Run);
        // Whoever leaves early never awaits it.
        reading.catch(() => undefined);
        ahead.push(reading);
      }
      const { run, bytes } = await (ahead.shift() as ReturnType<typeof read>);
      for (const frame of run.chunks) {
        const at = frame.offset - run.start;
        yield { digest: frame.digest, data: openFrame(frame, bytes.subarray(at, at + frame.storedBytes), run.pack) };
      }
    }
  } finally {
    await Promise.allSettled(ahead);
  }
}

interface Run {
  readonly pack: string;
  readonly start: number;
  end: number;
  readonly chunks: ChunkLocation[];
}

function runsOf(locations: readonly ChunkLocation[]): Run[] {
  const runs: Run[] = [];
  for (const chunk of locations) {
    const run = runs.at(-1);
    const end = chunk.offset + chunk.storedBytes;
    if (run !== undefined && run.pack === chunk.pack && run.end === chunk.offset && end - run.start <= RUN_BYTES) {
      run.chunks.push(chunk);
      run.end = end;
    } else {
      runs.push({ pack: chunk.pack, start: chunk.offset, end, chunks: [chunk] });
    }
  }
  return runs;
}

function located(catalog: Catalog, digest: Digest): ChunkLocation {
  const location = catalog.chunk(digest);
  if (location !== undefined) return location;
  const [damaged] = catalog.damaged.keys();
  if (damaged === undefined) throw new TreeError({ code: "NOT_FOUND", message: `no chunk ${digest}` });
  throw new TreeError({
    code: "CORRUPT",
    message: `chunk ${digest} is in no readable object; ${damaged} is damaged`,
    mend: "restore the object from a copy",
  });
}
