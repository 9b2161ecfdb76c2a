import { connect, type NatsConnection } from "@nats-io/transport-node";
import { NatsLocalError } from "./errors.ts";

/**
 * Connects and stays connected: after the first success it reconnects for ever, so that a server that comes back finds
 * its clients. Throws NATS_UNREACHABLE or NATS_REFUSED.
 */
export async function connectNats(url: string, token: string, name: string): Promise<NatsConnection> {
  try {
    return await connect({
      servers: url,
      token,
      name,
      timeout: 5_000,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 200,
      reconnectJitter: 100,
      pingInterval: 10_000,
      maxPingOut: 3,
      ignoreAuthErrorAbort: false,
    });
  } catch (error) {
    const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    if (/authoriz|authent/i.test(text)) {
      throw new NatsLocalError(
        "NATS_REFUSED",
        `connecting ${name} to NATS at ${url}: the token was refused`,
        "use the token file of the server that runs there",
        error,
      );
    }
    throw new NatsLocalError(
      "NATS_UNREACHABLE",
      `connecting ${name} to NATS at ${url}: no server answered`,
      "start it with ./cofferdam up, or correct COFFERDAM_NATS_URL",
      error,
    );
  }
}
