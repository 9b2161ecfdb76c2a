import { existsSync } from "node:fs";
import { compareWithRunLog, type Finding } from "@cofferdam/evidence";
import { connectNats, findNatsServer, startNats } from "@cofferdam/nats-local";
import { tryLock } from "../local/control-plane-lock.ts";
import type { Home } from "../local/home.ts";
import { reasonOf } from "../reason.ts";

export interface StreamComparison {
  readonly findings: readonly Finding[];
  /** Why the run log could not be compared; undefined where it was. */
  readonly notCompared?: string;
}

/** Longest that reading the stream may take: a damaged one may never say that it has ended. */
const LIMIT_MS = 120_000;

/**
 * Compares the ledger's copy of the events with the run log itself, byte for byte. The log lies in nats-server's files, so
 * one is started for it; where a control plane runs, they are its own.
 */
export async function compareStream(home: Home, verifierKey: string, run?: string): Promise<StreamComparison> {
  if (!existsSync(home.nats)) return { findings: [], notCompared: "there is none here" };
  const lock = tryLock(home);
  if (lock === undefined) return { findings: [], notCompared: "a control plane runs on this home" };
  try {
    const { path: binary } = await findNatsServer({ cacheDir: home.cache });
    const server = await startNats({ binary, storeDir: home.nats });
    try {
      const nc = await connectNats(server.url, server.token, "cofferdam-verify");
      try {
        const compared = compareWithRunLog(nc, { ledgerDir: home.ledger, verifierKey, run });
        const { findings } = await within(LIMIT_MS, compared);
        return { findings };
      } finally {
        await nc.close();
      }
    } finally {
      await server.close();
    }
  } catch (error) {
    return { findings: [{ kind: "run-log", place: home.nats, problem: `it cannot be read: ${reasonOf(error)}` }] };
  } finally {
    lock.release();
  }
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${ms / 1_000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
