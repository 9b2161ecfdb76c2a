import { statfsSync } from "node:fs";
import type { Notice } from "./notice.ts";

/** Below this, a commit of a few files may no longer fit. */
const SCARCE_BYTES = 32 << 20;
const LOOK_EVERY_MS = 2_000;

/**
 * Says when a folder's disk runs full, since runs then wait instead of failing, and says when there is room again, which
 * `onRoom` may act upon. `freeBytesAt` is the file system's answer; tests have one of their own.
 */
export function watchSpace(
  folder: string,
  notice: Notice,
  { everyMs = LOOK_EVERY_MS, freeBytesAt = freeBytes, onRoom = (): void => undefined } = {},
): { close(): void } {
  let scarce = false;
  const look = (): void => {
    const free = freeBytesAt(folder);
    if (free < SCARCE_BYTES === scarce) return;
    scarce = !scarce;
    notice(
      scarce
        ? `the disk of ${folder} is nearly full (${free >> 20} MiB are free): what finds no room waits; free some space and it goes on`
        : `there is room again on the disk of ${folder}`,
    );
    if (!scarce) onRoom();
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
