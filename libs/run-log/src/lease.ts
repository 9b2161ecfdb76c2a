import { setTimeout as sleep } from "node:timers/promises";
import { Kvm, type KV } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import type { LogKey, Team } from "./log-key.ts";
import { LEASES_BUCKET } from "./streams.ts";

/** How often an owner shows that it lives. */
export const BEAT_MS = 1_000;
/** Silence after which another may claim. */
export const LEASE_TTL_MS = 3_000;

/**
 * Heartbeats of owners. They decide when it is worth while to claim, never who owns: a wrong judgement costs a takeover
 * and cannot hurt a log.
 */
export interface Leases {
  /** Beats from a timer until released. On return the first beat is visible. */
  hold(key: LogKey, epoch: number): Promise<HeldLease>;
  /**
   * Whether nothing has been heard of the log's owner for `ttlMs`, by this reader's monotonic clock: true as soon as that
   * is so (at once where nobody holds the log), false as soon as a beat comes.
   */
  awaitSilence(key: LogKey, ttlMs?: number, signal?: AbortSignal): Promise<boolean>;
  /** Milliseconds since the heartbeat last changed; Infinity where nobody holds the log. */
  silentForMs(key: LogKey): number;
  close(): Promise<void>;
}

export interface HeldLease {
  /** Stops the beat and says at once that nobody holds the log. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly nc: NatsConnection;
  readonly team: Team;
  readonly instance: string;
  readonly beatMs?: number;
  /** Monotonic, milliseconds. */
  readonly clock?: () => number;
  /** A beat that could not be sent; the next one may. */
  readonly onError?: (error: unknown) => void;
}

/** Starts to listen to all heartbeats of the team, so that later questions are answered from what was heard. */
export async function openLeases(options: LeaseOptions): Promise<Leases> {
  const kv = await new Kvm(options.nc).open(LEASES_BUCKET);
  const leases = new NatsLeases(options, kv);
  await leases.listen();
  return leases;
}

class NatsLeases implements Leases {
  readonly #options: LeaseOptions;
  readonly #kv: KV;
  readonly #clock: () => number;
  readonly #heard = new Map<string, { revision: number; at: number }>();
  readonly #held = new Set<HeldLease>();
  #stopListening: () => void = () => undefined;

  constructor(options: LeaseOptions, kv: KV) {
    this.#options = options;
    this.#kv = kv;
    this.#clock = options.clock ?? (() => performance.now());
  }

  async listen(): Promise<void> {
    const watch = await this.#kv.watch({ key: `${this.#options.team}.>` });
    this.#stopListening = () => watch.stop();
    void (async () => {
      for await (const entry of watch) {
        if (entry.operation === "PUT") this.#heard.set(entry.key, { revision: entry.revision, at: this.#clock() });
        else this.#heard.delete(entry.key);
      }
    })().catch((error: unknown) => this.#options.onError?.(error));
  }

  async hold(key: LogKey, epoch: number): Promise<HeldLease> {
    const name = leaseKey(key);
    let beats = 0;
    let isHeld = true;
    const beat = async () => {
      if (isHeld) await this.#kv.put(name, JSON.stringify({ owner: this.#options.instance, epoch, beat: ++beats }));
    };
    await beat();
    const timer = setInterval(() => {
      beat().catch((error: unknown) => this.#options.onError?.(error));
    }, this.#options.beatMs ?? BEAT_MS);
    const lease: HeldLease = {
      release: async () => {
        if (!isHeld) return;
        isHeld = false;
        clearInterval(timer);
        this.#held.delete(lease);
        // Where this fails, silence says the same a little later.
        await this.#kv.delete(name).catch((error: unknown) => this.#options.onError?.(error));
      },
    };
    this.#held.add(lease);
    return lease;
  }

  async awaitSilence(key: LogKey, ttlMs = LEASE_TTL_MS, signal?: AbortSignal): Promise<boolean> {
    const name = leaseKey(key);
    // What the watch has not brought yet must not count as silence.
    const entry = await this.#kv.get(name);
    if (entry === null || entry.operation !== "PUT") return true;
    const heard = this.#heard.get(name);
    if (heard === undefined || heard.revision < entry.revision) {
      this.#heard.set(name, { revision: entry.revision, at: this.#clock() });
    }
    const { revision } = this.#heard.get(name) ?? entry;
    for (;;) {
      signal?.throwIfAborted();
      const now = this.#heard.get(name);
      if (now === undefined) return true;
      if (now.revision !== revision) return false;
      const left = ttlMs - (this.#clock() - now.at);
      if (left <= 0) return true;
      await sleep(Math.min(left, 100));
    }
  }

  silentForMs(key: LogKey): number {
    const heard = this.#heard.get(leaseKey(key));
    return heard === undefined ? Number.POSITIVE_INFINITY : this.#clock() - heard.at;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#held].map((lease) => lease.release()));
    this.#stopListening();
  }
}

const leaseKey = (key: LogKey): string => [key.team, key.run, ...(key.task === undefined ? [] : [key.task])].join(".");
