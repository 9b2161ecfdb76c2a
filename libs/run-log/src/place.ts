import { type Digest, eventId, type Leaf, NO_EVENT } from "./envelope.ts";
import { logName } from "./log-key.ts";
import type { RunState } from "./state.ts";

/** Why an event does not continue the log where it stands, or undefined. */
export type PlaceRule = (state: RunState, leaf: Leaf) => string | undefined;

/**
 * The half of the validity rule that is about place: next ordinal, digest of the event before, and the epoch with its
 * owner. A claim carries the next epoch and may come from anyone; the first event carries epoch 0.
 *
 * With one event per place and one owner per epoch no two writers' events can both be valid, whatever the server did.
 */
export const checkPlace: PlaceRule = (state, leaf) =>
  checkIdentity(state, leaf) ?? checkChain(state, leaf) ?? checkEpoch(state, leaf);

/** An event belongs to one log: copied into another it is void there. */
export function checkIdentity(state: RunState, leaf: Leaf): string | undefined {
  const log = logName(state.key);
  if (leaf.subject !== log) return `subject is ${leaf.subject}, not ${log}`;
  if (!leaf.source.startsWith(`/cofferdam/${state.key.team}/`)) return `source is of another team`;
  if (leaf.id !== eventId({ log, ordinal: leaf.ordinal, epoch: leaf.epoch, owner: leaf.owner }))
    return "id is not its own";
  if (leaf.owner === "") return "no owner";
  return undefined;
}

export function checkChain(state: RunState, leaf: Leaf): string | undefined {
  const { head } = state;
  if (leaf.ordinal !== head.ordinal + 1) return `ordinal ${leaf.ordinal} after ${head.ordinal}`;
  const expected: Digest = head.ordinal === 0 ? NO_EVENT : head.digest;
  if (leaf.prevdigest !== expected) return "prevdigest is not that of the event before";
  return undefined;
}

export function checkEpoch(state: RunState, leaf: Leaf): string | undefined {
  const { head } = state;
  if (head.ordinal === 0) return leaf.epoch === 0 ? undefined : `first event with epoch ${leaf.epoch}`;
  if (leaf.type === "cofferdam.run.claimed") {
    return leaf.epoch === head.epoch + 1 ? undefined : `claim of epoch ${leaf.epoch} after ${head.epoch}`;
  }
  if (leaf.epoch !== head.epoch) return `epoch ${leaf.epoch}, but ${head.epoch} owns the log`;
  if (leaf.owner !== head.owner) return `owner ${leaf.owner}, but ${head.owner} owns the log`;
  return undefined;
}
