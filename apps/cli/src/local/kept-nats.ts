import { setTimeout as sleep } from "node:timers/promises";
import { findNatsServer, type LocalNats, startNats } from "@cofferdam/nats-local";
import { reasonOf } from "../reason.ts";
import { restartDelayMs } from "./backoff.ts";
import type { Home } from "./home.ts";
import type { Notice } from "./notice.ts";

/** A nats-server that is started again, at the same address and with the same token, when it dies. */
export interface KeptNats {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  pid(): number;
  /**
   * Ends it so that it is started again. A write that failed on a full disk keeps its file store from writing until then,
   * also when there is room again.
   */
  restart(): void;
  close(): Promise<void>;
}

/**
 * Starts the private nats-server of a home and keeps it up until it is closed. Its clients reconnect by themselves;
 * everything acknowledged is on disk, so nothing is lost in between.
 *
 * @throws {NatsLocalError} where the first start fails
 */
export async function keepNats(home: Home, notice: Notice): Promise<KeptNats> {
  const { path: binary } = await findNatsServer({ cacheDir: home.cache });
  const options = { binary, storeDir: home.nats };
  let server = await startNats(options);
  const { url, token, tokenFile } = server;
  const port = Number(new URL(url).port);
  const closing = new AbortController();

  const keep = async (): Promise<void> => {
    for (let failures = 0; ;) {
      const cause = await server.exited;
      if (closing.signal.aborted) return;
      notice(`nats-server (pid ${server.pid}): ${cause}; starting it again`);
      const next = await restart(failures);
      if (next === undefined) return;
      server = next;
      failures++;
      notice(`nats-server is back (pid ${server.pid}); services reconnect by themselves`);
    }
  };
  const restart = async (failuresBefore: number): Promise<LocalNats | undefined> => {
    for (let failures = failuresBefore; !closing.signal.aborted; failures++) {
      try {
        return await startNats({ ...options, port });
      } catch (error) {
        notice(`nats-server does not start: ${reasonOf(error)}`);
        await sleep(restartDelayMs(failures), undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
    return undefined;
  };
  const kept = keep();
  return {
    url,
    token,
    tokenFile,
    pid: () => server.pid,
    restart: () => {
      server.close().catch((error: unknown) => notice(`nats-server does not end: ${reasonOf(error)}`));
    },
    close: async () => {
      closing.abort();
      await server.close();
      await kept;
    },
  };
}
