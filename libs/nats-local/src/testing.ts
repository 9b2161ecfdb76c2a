import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NatsConnection } from "@nats-io/transport-node";
import { connectNats } from "./connect.ts";
import { findNatsServer } from "./find-server.ts";
import { type LocalNats, startNats } from "./start.ts";

/** A real server for one test file. */
export interface TestNats {
  readonly url: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly storeDir: string;
  readonly pid: number;
  /** A connection that {@link close} ends too. */
  connect(name?: string): Promise<NatsConnection>;
  /** Ends the server as kill -9 does, and starts another on the same store, port and token. */
  crashAndRestart(): Promise<void>;
  /** Ends connections and server, and removes the store. */
  close(): Promise<void>;
}

const cacheDir = fileURLToPath(new URL("../../../.cofferdam/cache", import.meta.url));

/** Starts a fresh nats-server on a temporary store. */
export async function withNats(): Promise<TestNats> {
  const { path: binary } = await findNatsServer({ cacheDir });
  const storeDir = await mkdtemp(join(tmpdir(), "cofferdam-nats-"));
  let server: LocalNats = await startNats({ binary, storeDir });
  const port = Number(new URL(server.url).port);
  const connections: NatsConnection[] = [];
  return {
    url: server.url,
    token: server.token,
    tokenFile: server.tokenFile,
    storeDir,
    get pid() {
      return server.pid;
    },
    connect: async (name = "test") => {
      const connection = await connectNats(server.url, server.token, name);
      connections.push(connection);
      return connection;
    },
    crashAndRestart: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      server = await startNats({ binary, storeDir, port });
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.close();
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}
