import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf } from "./errno.ts";

/** Files that one sandbox may have; a bound on inodes as well as on the time that measuring takes. */
export const MAX_FILES = 1_000_000;

const SHORTEST_PAUSE_MS = 250;
/** Measuring takes at most a tenth of the time. */
const PAUSE_FACTOR = 9;

/**
 * Measures folders again and again and calls back when they exceed `maxBytes` together. Between two measurements a
 * command can write more than that: what is bounded sharply is the single file (RLIMIT_FSIZE), not the sum. A command
 * that starts above the bound may go on while it only makes things less, so that it can tidy up; above twice the bound
 * none may.
 */
export async function watchDisk(
  folders: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
  exceeded: () => void,
): Promise<void> {
  let before: DiskUse | undefined;
  while (!signal.aborted) {
    const start = performance.now();
    const used = await measure(folders, signal);
    if (signal.aborted) return;
    if (isTooMuch(used, before, maxBytes)) exceeded();
    before = used;
    const pause = Math.max(SHORTEST_PAUSE_MS, (performance.now() - start) * PAUSE_FACTOR);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

function isTooMuch(used: DiskUse, before: DiskUse | undefined, maxBytes: number): boolean {
  if (used.bytes <= maxBytes && used.files <= MAX_FILES) return false;
  if (used.bytes > 2 * maxBytes || used.files > 2 * MAX_FILES) return true;
  return before !== undefined && (used.bytes > before.bytes || used.files > before.files);
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
      const info = await lstat(path, { bigint: true }).catch(missingOnly);
      if (info === "unreachable") return { bytes, files: Infinity };
      if (info === undefined || seen.has(info.ino)) continue;
      if (info.nlink > 1n && !info.isDirectory()) seen.add(info.ino);
      bytes += Number(info.blocks) * 512;
      if (info.isDirectory()) pending.push(path);
      if (files > 2 * MAX_FILES) return { bytes, files };
    }
  }
  return { bytes, files };
}

/** What vanished meanwhile counts nothing; what lies deeper than any path reaches counts as too much. */
function missingOnly(error: unknown): undefined | "unreachable" {
  return errnoOf(error) === "ENAMETOOLONG" ? "unreachable" : undefined;
}

async function* entriesOf(folder: string): AsyncGenerator<{ readonly name: string }> {
  try {
    yield* await opendir(folder, { bufferSize: 256 });
  } catch {
    // ENOENT, ENOTDIR: it was removed or replaced since it was listed.
  }
}
