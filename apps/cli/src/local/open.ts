import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import { type ControlPlaneLock, type ControlPlaneRecord, readRecord, tryLock } from "./control-plane-lock.ts";
import type { Home } from "./home.ts";
import type { Notice } from "./notice.ts";
import type { PlaneOptions, RunningPlane } from "./plane.ts";

/** A control plane to work with: this process's own, or one that another process runs on the same home. */
export interface ControlPlane {
  readonly record: ControlPlaneRecord;
  /** Whether it ends with this process. */
  readonly own: boolean;
  close(): Promise<void>;
}

export interface OpenOptions extends PlaneOptions {
  /** `read` is enough to show runs; it starts nothing that acts. */
  readonly mode: "full" | "read";
  /** Refuse a control plane of another process, saying why one of our own is needed. */
  readonly ownBecause?: string | undefined;
}

/** Starts a plane's services; passed in because starting loads all of them, which attaching does not need. */
export type StartPlane = (home: Home, options: OpenOptions, notice: Notice) => Promise<RunningPlane>;

const POLL_MS = 50;
/** Longest time that another process may take from the lock to being reachable. */
const STARTING_MS = 20_000;

/**
 * Attaches to the control plane of this home if one runs, else starts one. Only one process at a time carries runs out.
 *
 * @throws {CliError} CONTROL_PLANE_RUNNING, CONTROL_PLANE_STARTING
 */
export async function openControlPlane(
  home: Home,
  options: OpenOptions,
  start: StartPlane,
  notice: Notice,
): Promise<ControlPlane> {
  const end = performance.now() + STARTING_MS;
  for (;;) {
    const lock = tryLock(home);
    if (lock !== undefined) return startOwn(home, options, start, notice, lock);
    const record = readRecord(home);
    if (record !== undefined && (record.mode === "full" || options.mode === "read")) {
      if (options.ownBecause !== undefined) throw running(record, options.ownBecause);
      return { record, own: false, close: async () => undefined };
    }
    // Its holder is still starting, or only reads and is gone in a moment.
    if (performance.now() > end) throw stuck(home);
    await sleep(POLL_MS);
  }
}

async function startOwn(
  home: Home,
  options: OpenOptions,
  start: StartPlane,
  notice: Notice,
  lock: ControlPlaneLock,
): Promise<ControlPlane> {
  try {
    const plane = await start(home, options, notice);
    const record: ControlPlaneRecord = {
      pid: process.pid,
      mode: options.mode,
      gateway: plane.gateway,
      startedAt: new Date().toISOString(),
    };
    lock.publish(record);
    const close = async (): Promise<void> => {
      // Whoever attaches after this moment would attach to something that is going away.
      lock.withdraw();
      await plane.close();
      lock.release();
    };
    return { record, own: true, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

const running = ({ pid, startedAt }: ControlPlaneRecord, because: string): CliError =>
  new CliError({
    code: "CONTROL_PLANE_RUNNING",
    message: `a control plane already runs on this home (pid ${pid}, since ${startedAt}), but ${because}`,
    mend: `end process ${pid} first (Ctrl-C in its terminal, or kill ${pid}), or use another home by COFFERDAM_HOME`,
  });

const stuck = (home: Home): CliError =>
  new CliError({
    code: "CONTROL_PLANE_STARTING",
    message: `another process has locked ${home.root} and is not reachable after ${STARTING_MS / 1000} s`,
    mend: "wait for it or end it; `cofferdam doctor` names it",
  });
