import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Files that one sandbox may have; a bound on inodes as well as on the time that measuring takes. */
export const MAX_FILES = 1_000_000;

const SHORTEST_PAUSE_MS = 250;
/** Measuring takes at most a tenth of the time. */
const PAUSE_FACTOR = 9;

/**
 * Measures folders again and again and calls back when they exceed `maxBytes` together. Between two measurements a
 * command can write more than that: what is bounded sharply is the single file (RLIMIT_FSIZE), not the sum.
 */
export async function watchDisk(
  folders: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
  exceeded: () => void,
): Promise<void> {
  while (!signal.aborted) {
    const start = performance.now();
    const used = await measure(folders, signal);
    if (signal.aborted) return;
    if (used.bytes > maxBytes || used.files > MAX_FILES) exceeded();
    const pause = Math.max(SHORTEST_PAUSE_MS, (performance.now() - start) * PAUSE_FACTOR);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

export interface DiskUse {
  readonly bytes: number;
  readonly files: number;
}

/** Space that is really allocated, as du(1) counts it. Never follows a link; what vanishes meanwhile counts nothing. */
export async function measure(folders: readonly string[], signal?: AbortSignal): Promise<DiskUse> {
  const seen = new Set<bigint>();
  let bytes = 0;
  let files = 0;
  const pending = [...folders];
  for (let folder = pending.pop(); folder !== undefined && !signal?.aborted; folder = pending.pop()) {
    for await (const entry of entriesOf(folder)) {
      files++;
      const path = join(folder, entry.name);
      const info = await lstat(path, { bigint: true }).catch(() => undefined);
      if (info === undefined || seen.has(info.ino)) continue;
      if (info.nlink > 1n && !info.isDirectory()) seen.add(info.ino);
      bytes += Number(info.blocks) * 512;
      if (info.isDirectory()) pending.push(path);
      if (files > MAX_FILES) return { bytes, files };
    }
  }
  return { bytes, files };
}

async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string }> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch {
    // ENOENT, ENOTDIR: it was removed or replaced since it was listed.
  }
}
