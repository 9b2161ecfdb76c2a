import {
  type Digest,
  type Envelope,
  fold,
  leafBytes,
  leafOf,
  type LogKey,
  parseLogSubject,
  type Team,
} from "@cofferdam/run-log";
import { messageDigest } from "@cofferdam/evidence";
import { MAX_ENTRY_BYTES } from "@cofferdam/transparency-log";
import { Divergence } from "../errors.ts";
import type { LogStates } from "./log-states.ts";

/** A message of stream RUNS. */
export interface StreamMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/** How far the ledger has got: what the next batch must continue. */
export interface Position {
  readonly size: number;
  readonly lastSequence: number;
  readonly lastMessage: Digest | "";
}

/** A valid event with its place in the ledger. */
export interface SequencedEvent {
  readonly index: number;
  readonly sequence: number;
  readonly key: LogKey;
  readonly envelope: Envelope;
  /** As the stream holds it. */
  readonly bytes: Uint8Array;
  /** What the tree hashes. */
  readonly leaf: Uint8Array;
}

/** What a run of consecutive messages adds to the ledger. */
export interface Batch {
  readonly firstSequence: number;
  readonly position: Position;
  readonly events: readonly SequencedEvent[];
  readonly voids: number;
  /** Why nothing can be taken after these, if so. */
  readonly divergence: Divergence | undefined;
}

/**
 * Gives every valid event the next index, in stream order, and passes over void ones. The messages must be the ones right
 * after `from`: anything else is a {@link Divergence}, and so is an event that a newer version wrote. What stands before
 * it is still taken.
 */
export async function sequence(
  from: Position,
  messages: readonly StreamMessage[],
  team: Team,
  states: LogStates,
): Promise<Batch> {
  const events: SequencedEvent[] = [];
  let position = from;
  let divergence: Divergence | undefined;
  try {
    for (const message of messages) {
      requireNext(position, message);
      const event = await take(message, position.size, team, states);
      if (event !== undefined) events.push(event);
      position = {
        size: from.size + events.length,
        lastSequence: message.sequence,
        lastMessage: messageDigest(message.subject, message.bytes),
      };
    }
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    divergence = error;
  }
  const voids = position.lastSequence - from.lastSequence - events.length;
  return { firstSequence: from.lastSequence + 1, position, events, voids, divergence };
}

function requireNext(position: Position, { sequence: found }: StreamMessage): void {
  const next = position.lastSequence + 1;
  if (found === next) return;
  const kind = found > next ? "gap" : "rewind";
  throw new Divergence(
    kind,
    found,
    `stream sequence ${found} follows ${position.lastSequence}: ${kind} in the run log`,
  );
}

async function take(
  message: StreamMessage,
  index: number,
  team: Team,
  states: LogStates,
): Promise<SequencedEvent | undefined> {
  const key = logOf(message.subject);
  if (key === undefined || key.team !== team) return undefined;
  const state = await states.get(key);
  const folded = fold(state, message);
  states.set(key, folded.state);
  if (folded.valid) {
    const { envelope } = folded;
    const leaf = leafBytes(leafOf(envelope));
    if (leaf.length > MAX_ENTRY_BYTES) throw unreadable(message, `an event whose leaf has ${leaf.length} bytes`);
    return { index, sequence: message.sequence, key, envelope, bytes: message.bytes, leaf };
  }
  if (folded.state.unknownTypes.length > state.unknownTypes.length) {
    throw unreadable(message, `an event of unknown type ${folded.state.unknownTypes.join(", ")}`);
  }
  return undefined;
}

const unreadable = ({ sequence: at, subject }: StreamMessage, what: string): Divergence =>
  new Divergence("unreadable", at, `${subject} goes on at stream sequence ${at} with ${what}`);

/** A subject that names no log (its tokens are not ours) cannot hold a valid event. */
function logOf(subject: string): LogKey | undefined {
  try {
    return parseLogSubject(subject);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
