import type { Logger } from "@cofferdam/service";
import { SANDBOX_LEASE_MS } from "./attach.ts";
import type { SandboxHandle } from "./sandbox.ts";

/** Keeps the lease of the sandbox in use alive from a timer, whatever the loop is waiting for. */
export function renewLease(current: () => SandboxHandle | undefined, logger: Logger): { stop(): void } {
  const timer = setInterval(() => {
    // A renewal that fails is told by the next act in the sandbox.
    current()
      ?.renew(SANDBOX_LEASE_MS)
      .catch((error: unknown) => logger.debug({ err: error }, "lease not renewed"));
  }, SANDBOX_LEASE_MS / 4);
  return { stop: () => clearInterval(timer) };
}
