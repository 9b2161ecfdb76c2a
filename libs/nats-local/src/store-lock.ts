import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NatsLocalError } from "./errors.ts";
import { processBirth, stopProcess } from "./process-identity.ts";

/** Two servers on one store corrupt it, and nats-server itself takes no lock. */
export interface StoreLock {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly birth: string | undefined;
}

const lockFile = (storeDir: string): string => join(storeDir, "owner.json");
/** Written by nats-server itself. */
export const pidFile = (storeDir: string): string => join(storeDir, "nats-server.pid");
export const configFile = (storeDir: string): string => join(storeDir, "nats-server.conf");

/**
 * Takes the store for this process. A lock whose owner has died is taken over, after the server that it may have left
 * behind has been stopped. A live owner is NATS_STORE_IN_USE.
 */
export async function lockStore(storeDir: string): Promise<StoreLock> {
  const file = lockFile(storeDir);
  const self = JSON.stringify({ pid: process.pid, birth: await processBirth(process.pid) } satisfies Owner);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(file, self, { flag: "wx", mode: 0o600 });
      await stopLeftover(storeDir);
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = parseOwner(await readFile(file, "utf8").catch(() => ""));
    if (owner !== undefined && (await processBirth(owner.pid)) === owner.birth) {
      throw new NatsLocalError(
        "NATS_STORE_IN_USE",
        `starting nats-server: its store ${storeDir} is in use by process ${owner.pid}`,
        `end process ${owner.pid} first, or choose another COFFERDAM_HOME`,
      );
    }
    await rm(file, { force: true });
  }
  throw new NatsLocalError(
    "NATS_STORE_IN_USE",
    `starting nats-server: others race for ${storeDir}`,
    "start one at a time",
  );
}

async function stopLeftover(storeDir: string): Promise<void> {
  const text = await readFile(pidFile(storeDir), "utf8").catch(() => "");
  const pid = Number.parseInt(text, 10);
  if (Number.isSafeInteger(pid) && pid > 1) await stopProcess(pid, configFile(storeDir), 10_000);
  await rm(pidFile(storeDir), { force: true });
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value) || typeof value.pid !== "number")
      return undefined;
    const birth = "birth" in value && typeof value.birth === "string" ? value.birth : undefined;
    return { pid: value.pid, birth };
  } catch {
    // Half-written by a process that died: nobody owns it.
    return undefined;
  }
}
