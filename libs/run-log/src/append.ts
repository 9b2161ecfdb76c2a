import { setTimeout as sleep } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { type Digest, encodeEnvelope, type Envelope, leafDigest, leafOf, seal } from "./envelope.ts";
import { RunLogError } from "./errors.ts";
import type { LogEvent } from "./event-types.ts";
import { fold } from "./fold.ts";
import { type LogKey, logName, logSubject } from "./log-key.ts";
import { type Outgoing, publishEvents, type PublishOutcome } from "./publish.ts";
import { isTerminal, type RunState } from "./state.ts";
import type { StoredLog } from "./stored.ts";

/** Who writes, and in which epoch. */
export interface Writer {
  readonly service: string;
  readonly owner: string;
  readonly epoch: number;
}

export interface AppendDeps {
  readonly nc: NatsConnection;
  readonly stored: StoredLog;
  /** For the `time` attribute only. */
  readonly now: () => Date;
  /** Bound on all retries of one append. */
  readonly retryMs: number;
  /** Wait for one answer of the engine. */
  readonly requestTimeoutMs: number;
}

/** An event as it will stand in the log, ready to be sent. */
export interface Sealed extends Outgoing {
  readonly digest: Digest;
}

/** Events that follow a state, and the state that the log has once they are in it. */
export interface Sealing {
  readonly sealed: readonly Sealed[];
  readonly state: RunState;
}

/** {@link sendSealed} of events that are sealed now. Throws INVALID_TRANSITION before anything is sent. */
export async function appendEvents(
  deps: AppendDeps,
  state: RunState,
  events: readonly LogEvent[],
  writer: Writer,
): Promise<RunState> {
  return sendSealed(deps, state, sealEvents(deps, state, events, writer).sealed, writer);
}

/**
 * Appends sealed events after `state` and returns the state that holds them, as read back from the log. What the engine
 * answers decides only when to look; the log decides what happened. While it is not known nothing else is tried.
 *
 * Throws FENCED or TERMINAL where others continued the log, UNAVAILABLE or STORAGE_FULL where it stayed unknown or
 * refused for `retryMs`.
 */
export async function sendSealed(
  deps: AppendDeps,
  state: RunState,
  sealed: readonly Sealed[],
  writer: Writer,
): Promise<RunState> {
  let at = state;
  let pending = sealed;
  const deadline = performance.now() + deps.retryMs;
  for (let attempt = 0; pending.length > 0; attempt++) {
    const subject = logSubject(state.key);
    const said = await publishEvents(deps.nc, subject, pending, at.head.sequence, deps.requestTimeoutMs);
    const seen = await readBack(deps.stored, at, pending.at(-1)?.digest, deadline);
    const landed = pending.findIndex((event) => event.digest === seen.head.digest) + 1;
    if (landed > 0) {
      pending = pending.slice(landed);
      attempt = 0;
    } else if (seen.head.digest !== at.head.digest) {
      throw lost(seen, writer);
    } else if (said.outcome === "conflict" && seen.head.sequence === at.head.sequence) {
      // The engine knows more of the subject than it shows, or less than was read from it before.
      await checkNotRewound(deps.stored, at);
    }
    at = seen;
    if (landed === 0) await pause(deps, said, attempt, deadline, state.key);
  }
  return at;
}

/** Throws INVALID_TRANSITION where the log does not allow the events after `state`. */
export function sealEvents(deps: AppendDeps, state: RunState, events: readonly LogEvent[], writer: Writer): Sealing {
  const { key } = state;
  let at = state;
  const sealed = events.map((event) => {
    const envelope: Envelope = seal(event, {
      team: key.team,
      service: writer.service,
      log: logName(key),
      time: deps.now().toISOString(),
      ordinal: at.head.ordinal + 1,
      prevdigest: at.head.digest,
      epoch: writer.epoch,
      owner: writer.owner,
    });
    const bytes = encodeEnvelope(envelope);
    const limit = deps.nc.info?.max_payload ?? 1 << 20;
    if (bytes.length + 1_024 > limit) {
      throw new RunLogError(
        "INVALID_TRANSITION",
        `appending ${event.type} to ${logName(key)}: ${bytes.length} bytes are more than a message takes (${limit})`,
        "carry the body as a blob",
      );
    }
    const folded = fold(at, { sequence: at.head.sequence, bytes });
    if (!folded.valid) {
      throw new RunLogError("INVALID_TRANSITION", `appending to ${logName(key)}: ${folded.reason}`);
    }
    at = folded.state;
    const digest = leafDigest(leafOf(envelope));
    return { bytes, digest, messageId: `${writer.owner}:${digest}` };
  });
  return { sealed, state: at };
}

/** Folds what follows `state`, up to the event with `target` or, where it does not come, to the end of the log. */
async function readBack(stored: StoredLog, state: RunState, target: Digest | undefined, deadline: number) {
  for (let attempt = 0; ; attempt++) {
    let at = state;
    try {
      for await (const message of stored.after(state.key, state.head.sequence)) {
        at = fold(at, message).state;
        if (at.head.digest === target) break;
      }
      return at;
    } catch (error) {
      if (performance.now() > deadline) throw unavailable(state.key, "reading back", error);
      await sleep(backoffMs(attempt));
    }
  }
}

function lost(seen: RunState, writer: Writer): RunLogError {
  const log = logName(seen.key);
  if (isTerminal(seen)) return new RunLogError("TERMINAL", `appending to ${log}: it has ended as ${seen.status}`);
  return new RunLogError(
    "FENCED",
    `appending to ${log} as ${writer.owner} of epoch ${writer.epoch}: ${seen.head.owner} of epoch ${seen.head.epoch} owns it`,
  );
}

async function checkNotRewound(stored: StoredLog, at: RunState): Promise<void> {
  const { sequence } = at.head;
  if (sequence === 0) return;
  const message = await stored.next(at.key, sequence - 1);
  if (message?.sequence === sequence) return;
  throw new RunLogError(
    "REWOUND",
    `appending to ${logName(at.key)}: message ${sequence}, read before, is no longer there`,
    "the engine lost acknowledged events: stop the team's services and compare with the ledger",
  );
}

async function pause(deps: AppendDeps, said: PublishOutcome, attempt: number, deadline: number, key: LogKey) {
  const cause = "cause" in said ? said.cause : said.outcome;
  if (performance.now() > deadline || deps.nc.isClosed()) {
    if (said.outcome === "full") {
      throw new RunLogError(
        "STORAGE_FULL",
        `appending to ${logName(key)}: nats-server stores no more: ${cause}`,
        "free disk space or raise the JetStream limit; the run goes on from here",
      );
    }
    throw unavailable(key, "appending to", cause);
  }
  await sleep(backoffMs(attempt));
}

const unavailable = (key: LogKey, doing: string, cause: unknown): RunLogError =>
  new RunLogError(
    "UNAVAILABLE",
    `${doing} ${logName(key)}: JetStream gave no answer: ${cause instanceof Error ? cause.message : String(cause)}`,
    "see whether nats-server runs and has a leader",
    cause,
  );

const backoffMs = (attempt: number): number => Math.min(2_000, 20 * 2 ** Math.min(attempt, 10));
