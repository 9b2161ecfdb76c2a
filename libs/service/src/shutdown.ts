import type { Logger } from "./log.ts";

export interface ShutdownOptions {
  /** Also when standard input ends: a child whose parent was killed does not stay behind. */
  readonly withParent: boolean;
  /** Longest that the shutdown may take before the process is cut, milliseconds. */
  readonly graceMs: number;
  readonly logger: Logger;
}

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Resolves at the first request to shut down. A second signal, or the end of the grace period, ends the process at once
 * with 128 + the signal's number: nothing is lost by that, because every effect is in a log before it is acted upon.
 */
export function onShutdownRequest({ withParent, graceMs, logger }: ShutdownOptions): Promise<void> {
  return new Promise((resolve) => {
    let requested = false;
    // Signal handlers alone do not keep a process alive, and a service may be idle.
    const alive = setInterval(() => undefined, 1 << 30);
    const request = (cause: string, exitCode: number): void => {
      if (requested) {
        logger.warn({ cause }, "shutdown cut");
        process.exit(exitCode);
      }
      requested = true;
      logger.info({ cause }, "shutting down");
      setTimeout(() => {
        logger.warn({ graceMs }, "shutdown took too long");
        process.exit(exitCode);
      }, graceMs);
      clearInterval(alive);
      resolve();
    };
    for (const [signal, number] of Object.entries(SIGNALS)) process.on(signal, () => request(signal, 128 + number));
    if (!withParent) return;
    process.stdin.on("end", () => requested || request("parent ended", 128 + SIGNALS.SIGTERM));
    process.stdin.on("error", () => requested || request("parent ended", 128 + SIGNALS.SIGTERM));
    process.stdin.resume();
  });
}
