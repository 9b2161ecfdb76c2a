import type { NatsConnection } from "@nats-io/transport-node";
import {
  jetstreamManager,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { RunLogError } from "./errors.ts";

export const RUNS = "RUNS";
export const INBOX = "INBOX";
export const WORK = "WORK";
export const AUDIT = "AUDIT";
/** Stream of the key-value bucket LEASES, by the naming rule of NATS key-value stores (ADR-8). */
export const LEASES_BUCKET = "LEASES";
export const LEASES = `KV_${LEASES_BUCKET}`;

/** Before it expected sequences of replicated streams were not serializable, or writes were not synced one by one. */
export const MINIMUM_SERVER_VERSION = "2.14.9";

const seconds = (n: number): number => n * 1e9;
const kept = { retention: "limits", storage: "file", discard: "new", max_msgs: -1, max_bytes: -1, max_age: 0 } as const;
/** Longer than the longest retry of an append. */
const duplicate_window = seconds(300);

/** Every stream as it must be. What is not named here is the operator's choice. */
const wanted: readonly (Partial<StreamConfig> & { readonly name: string })[] = [
  {
    ...kept,
    name: RUNS,
    description: "Run logs: one subject per log, one writer per epoch, kept for ever",
    subjects: ["cofferdam.*.run.*.log", "cofferdam.*.run.*.task.*.log"],
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    allow_direct: true,
    duplicate_window,
  },
  {
    ...kept,
    name: INBOX,
    description: "Commands to runs and tasks, until their owner takes them into account",
    subjects: ["cofferdam.*.run.*.inbox", "cofferdam.*.run.*.task.*.inbox"],
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    allow_direct: true,
    duplicate_window,
  },
  {
    ...kept,
    name: WORK,
    description: "Doorbells: at most one waiting per log and kind",
    subjects: ["cofferdam.*.work.>"],
    retention: "workqueue",
    discard: "old",
    max_msgs_per_subject: 1,
    allow_direct: true,
  },
  {
    ...kept,
    name: AUDIT,
    description: "What the ledger has sequenced, for auditors",
    subjects: ["cofferdam.*.audit.>"],
    deny_delete: true,
    deny_purge: true,
    allow_rollup_hdrs: false,
    allow_direct: true,
    duplicate_window,
  },
  {
    ...kept,
    name: LEASES,
    description: "Who works on which log, and heartbeats of instances; all of it expires unless renewed",
    subjects: [`$KV.${LEASES_BUCKET}.>`],
    max_msgs_per_subject: 1,
    max_age: seconds(600),
    deny_delete: true,
    allow_rollup_hdrs: true,
    allow_direct: true,
    duplicate_window: seconds(120),
  },
];

export interface StreamOptions {
  /** Copies of each message; 1 on one machine, 3 in production. */
  readonly replicas?: number;
}

/**
 * Makes the streams exist as they must be. Idempotent; every service calls it at its start. A stream that exists
 * otherwise is not changed: STREAM_MISCONFIGURED names the setting. Throws SERVER_TOO_OLD below
 * {@link MINIMUM_SERVER_VERSION}.
 */
export async function ensureStreams(nc: NatsConnection, options: StreamOptions = {}): Promise<void> {
  checkVersion(nc.info?.version ?? "0");
  const jsm = await manager(nc);
  const num_replicas = options.replicas ?? 1;
  const found = await Promise.all(
    wanted.map(async (config) => ({ config, info: await ensure(jsm, { ...config, num_replicas }) })),
  );
  for (const { config, info } of found) checkConfig(info, config);
}

async function manager(nc: NatsConnection): Promise<JetStreamManager> {
  try {
    return await jetstreamManager(nc);
  } catch (error) {
    throw new RunLogError(
      "UNAVAILABLE",
      "preparing streams: JetStream did not answer",
      "start nats-server with JetStream on",
      error,
    );
  }
}

async function ensure(jsm: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo> {
  try {
    return await jsm.streams.info(config.name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== 10059) throw error;
  }
  try {
    return await jsm.streams.add(config);
  } catch (error) {
    // 10058: another service created it between the two calls, with the same or another configuration.
    if (!(error instanceof JetStreamApiError) || error.code !== 10058) throw error;
    return await jsm.streams.info(config.name);
  }
}

function checkVersion(version: string): void {
  const [have, need] = [version, MINIMUM_SERVER_VERSION].map((v) => v.split(/[.-]/).slice(0, 3).map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference > 0) return;
    if (difference < 0) {
      throw new RunLogError(
        "SERVER_TOO_OLD",
        `nats-server is ${version}, older than ${MINIMUM_SERVER_VERSION}: acknowledged events could be lost`,
        "upgrade nats-server",
      );
    }
  }
}

function checkConfig({ config }: StreamInfo, want: Partial<StreamConfig> & { name: string }): void {
  const drift = (field: string, is: unknown, must: unknown) =>
    new RunLogError(
      "STREAM_MISCONFIGURED",
      `stream ${want.name} has ${field} ${JSON.stringify(is)}, must have ${JSON.stringify(must)}`,
      `correct it with: nats stream edit ${want.name}, or restore its configuration`,
    );
  for (const [field, must] of Object.entries(want)) {
    if (field === "description") continue;
    const is: unknown = config[field as keyof StreamConfig];
    // The server leaves out what is false or zero.
    if (JSON.stringify(is ?? fallback(must)) !== JSON.stringify(must)) throw drift(field, is, must);
  }
  // It silently overrides sync_interval: always.
  if (config.persist_mode === "async") throw drift("persist_mode", "async", "default");
}

const fallback = (must: unknown): unknown => (must === false ? false : must === 0 ? 0 : undefined);
