import { setTimeout as sleep } from "node:timers/promises";
import { CofferdamError, type CofferdamClient, connectCofferdam } from "@cofferdam/client";
import type { ControlPlane } from "./local/open.ts";
import { reasonOf } from "./reason.ts";
import type { Notice } from "./local/notice.ts";

const PAUSE_MS = 200;
const MOST_FAILURES = 25;

/**
 * A connection to a control plane that survives the control plane: when the process that runs it ends, the next one is
 * attached to, or this process starts its own. Runs are durable, so whoever waits for one may go on waiting.
 */
export class Session {
  readonly #open: () => Promise<ControlPlane>;
  readonly #notice: Notice;
  #plane: ControlPlane;
  #client: CofferdamClient;

  private constructor(plane: ControlPlane, open: () => Promise<ControlPlane>, notice: Notice) {
    this.#plane = plane;
    this.#client = connectCofferdam({ address: plane.record.gateway });
    this.#open = open;
    this.#notice = notice;
  }

  static async start(open: () => Promise<ControlPlane>, notice: Notice): Promise<Session> {
    return new Session(await open(), open, notice);
  }

  /** Whether the control plane ends with this process. */
  get own(): boolean {
    return this.#plane.own;
  }

  get planePid(): number {
    return this.#plane.record.pid;
  }

  /** The client as it is now, for a read that cannot be begun again half-way. */
  get client(): CofferdamClient {
    return this.#client;
  }

  /**
   * Calls the gateway, and again where it was away: everything called through here is a read or carries an idempotency
   * key. This is the one layer that repeats calls.
   */
  async call<T>(act: (client: CofferdamClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await act(this.#client);
      } catch (error) {
        if (!isAway(error) || failures >= MOST_FAILURES || signal?.aborted === true) throw error;
        await this.#find(error);
      }
    }
  }

  async #find(error: unknown): Promise<void> {
    await sleep(PAUSE_MS);
    if (this.#plane.own) return;
    const before = this.#plane.record;
    const plane = await this.#open();
    if (!plane.own && plane.record.pid === before.pid && plane.record.startedAt === before.startedAt) return;
    this.#notice(
      plane.own
        ? `the control plane of process ${before.pid} has ended (${reasonOf(error)}); going on with one of our own`
        : `the control plane of process ${before.pid} has ended; going on with that of process ${plane.record.pid}`,
    );
    this.#client.close();
    this.#plane = plane;
    this.#client = connectCofferdam({ address: plane.record.gateway });
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#plane.close();
  }
}

const isAway = (error: unknown): boolean => error instanceof CofferdamError && error.code === "UNAVAILABLE";
