import { setTimeout as sleep } from "node:timers/promises";
import { AuthorizationError, UserAuthenticationExpiredError, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import type { Logger } from "./log.ts";
import { StartupError } from "./startup-error.ts";

export interface NatsOptions {
  /** `nats://host:port`; several are separated by commas. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Shown in the server's connection list. */
  readonly name: string;
  /** Longest wait for the first connection, milliseconds. Afterwards it reconnects for ever. */
  readonly waitMs: number;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
}

const RETRY_MS = 100;

/**
 * Connects to NATS. The first connection is waited for, boundedly, so that services may start before their server does;
 * once connected, the client reconnects for ever and what was lost and regained is logged.
 *
 * @throws {StartupError} `NATS_UNREACHABLE` or `NATS_REFUSED`
 */
export async function connectToNats(options: NatsOptions): Promise<NatsConnection> {
  const servers = options.url.split(",").map((server) => server.trim());
  const end = performance.now() + options.waitMs;
  for (;;) {
    try {
      const nc = await connect({
        servers,
        name: options.name,
        ...(options.token === undefined ? {} : { token: options.token }),
        timeout: 2_000,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        reconnectJitter: 100,
        ignoreAuthErrorAbort: true,
      });
      void logStatus(nc, options.logger);
      return nc;
    } catch (error) {
      if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
        throw new StartupError({
          code: "NATS_REFUSED",
          message: `NATS at ${options.url} refused the credentials`,
          mend: "give the server's token in COFFERDAM_NATS_TOKEN_FILE",
          cause: error,
        });
      }
      if (performance.now() + RETRY_MS > end || options.signal?.aborted === true) {
        throw new StartupError({
          code: "NATS_UNREACHABLE",
          message: `no NATS server answered at ${options.url} within ${options.waitMs} ms`,
          mend: "start nats-server with JetStream there, or correct COFFERDAM_NATS_URL",
          cause: error,
        });
      }
      await sleep(RETRY_MS);
    }
  }
}

async function logStatus(nc: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of nc.status()) {
    if (status.type === "disconnect") logger.warn({}, "NATS connection lost; reconnecting");
    else if (status.type === "reconnect") logger.info({ server: status.server }, "NATS connection regained");
    else if (status.type === "error") logger.warn({ err: status.error }, "NATS error");
    else logger.debug({ status: status.type }, "NATS status");
  }
}
