import { setTimeout as sleep } from "node:timers/promises";
import { Kvm, type KV, type KvEntry } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { sha256 } from "./envelope.ts";
import type { LogKey, Team } from "./log-key.ts";
import { LEASES_BUCKET } from "./streams.ts";

/** How often an owner shows that it lives. */
export const BEAT_MS = 1_000;
/** Silence after which another may claim. */
export const LEASE_TTL_MS = 3_000;

/** Beats between two renewals of what is held, so that records of the dead can expire (see LEASES in streams.ts). */
const BEATS_PER_RENEWAL = 60;

/**
 * Who works on which log, and whether they live: one record per log, written when it is taken, and one heartbeat per
 * instance, however many logs it holds. They decide when it is worth while to claim, never who owns: a wrong judgement
 * costs a takeover and cannot hurt a log.
 */
export interface Leases {
  /** Says that this instance holds the log, until released. On return that is visible. */
  hold(key: LogKey, epoch: number): Promise<HeldLease>;
  /**
   * Whether nothing has been heard of the log's owner for `ttlMs`, by this reader's monotonic clock: true as soon as that
   * is so (at once where nobody holds the log), false as soon as a beat comes.
   */
  awaitSilence(key: LogKey, ttlMs?: number, signal?: AbortSignal): Promise<boolean>;
  /** Milliseconds since the holder's heartbeat last changed, as far as was heard; Infinity where nobody holds the log. */
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
  /** Something could not be sent or heard; later it may. */
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
  readonly #self: string;
  /** Heartbeat key of the holder, by lease key. */
  readonly #holders = new Map<string, string>();
  readonly #beats = new Map<string, { revision: number; at: number }>();
  readonly #held = new Map<string, string>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: () => void = () => undefined;

  constructor(options: LeaseOptions, kv: KV) {
    this.#options = options;
    this.#kv = kv;
    this.#clock = options.clock ?? (() => performance.now());
    // An instance may be called anything; a key may not.
    this.#self = `beat.${options.team}.${sha256(options.instance).slice("sha256:".length, 39)}`;
  }

  async listen(): Promise<void> {
    const { team } = this.#options;
    const watch = await this.#kv.watch({ key: [`log.${team}.>`, `beat.${team}.>`] });
    this.#stopListening = () => watch.stop();
    void (async () => {
      for await (const entry of watch) this.#hear(entry);
    })().catch((error: unknown) => this.#options.onError?.(error));
  }

  #hear(entry: KvEntry): void {
    const isBeat = entry.key.startsWith("beat.");
    if (entry.operation !== "PUT") (isBeat ? this.#beats : this.#holders).delete(entry.key);
    else if (isBeat) this.#hearBeat(entry);
    else this.#holders.set(entry.key, entry.string());
  }

  #hearBeat({ key, revision }: KvEntry): void {
    if ((this.#beats.get(key)?.revision ?? 0) < revision) this.#beats.set(key, { revision, at: this.#clock() });
  }

  async hold(key: LogKey, epoch: number): Promise<HeldLease> {
    const name = leaseKey(key);
    // Alive first, so that the record is never seen without a heartbeat.
    await this.#beat();
    await this.#kv.put(name, this.#self);
    const token = `${epoch}`;
    this.#held.set(name, token);
    this.#timer ??= setInterval(() => {
      this.#beatAndRenew().catch((error: unknown) => this.#options.onError?.(error));
    }, this.#options.beatMs ?? BEAT_MS).unref();
    return {
      release: async () => {
        if (this.#held.get(name) !== token) return;
        this.#held.delete(name);
        // Where this fails, silence says the same after the instance has ended.
        await this.#kv.delete(name).catch((error: unknown) => this.#options.onError?.(error));
      },
    };
  }

  async #beatAndRenew(): Promise<void> {
    await this.#beat();
    if (this.#count % BEATS_PER_RENEWAL === 0) {
      for (const name of this.#held.keys()) await this.#kv.put(name, this.#self);
    }
  }

  async #beat(): Promise<void> {
    await this.#kv.put(this.#self, String(++this.#count));
  }

  async awaitSilence(key: LogKey, ttlMs = LEASE_TTL_MS, signal?: AbortSignal): Promise<boolean> {
    // Asked of the engine: what the watch has not brought yet must not count as silence.
    const record = await this.#kv.get(leaseKey(key));
    if (record?.operation !== "PUT") return true;
    const holder = record.string();
    if (holder === this.#self) return this.#held.get(leaseKey(key)) === undefined;
    const last = await this.#kv.get(holder);
    if (last?.operation !== "PUT") return true;
    this.#hearBeat(last);
    for (;;) {
      signal?.throwIfAborted();
      const heard = this.#beats.get(holder);
      if (heard === undefined) return true;
      if (heard.revision !== last.revision) return false;
      const left = ttlMs - (this.#clock() - heard.at);
      if (left <= 0) return true;
      await sleep(Math.min(left, 100));
    }
  }

  silentForMs(key: LogKey): number {
    const heard = this.#beats.get(this.#holders.get(leaseKey(key)) ?? "");
    return heard === undefined ? Number.POSITIVE_INFINITY : this.#clock() - heard.at;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const names = [...this.#held.keys()];
    this.#held.clear();
    await Promise.all(
      names.map((name) => this.#kv.delete(name).catch((error: unknown) => this.#options.onError?.(error))),
    );
    this.#stopListening();
  }
}

const leaseKey = (key: LogKey): string =>
  ["log", key.team, key.run, ...(key.task === undefined ? [] : [key.task])].join(".");
