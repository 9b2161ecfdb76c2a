import { decodeEnvelope, type Envelope, NO_EVENT } from "./envelope.ts";
import type { LogEvent } from "./event-types.ts";
import type { LogKey } from "./log-key.ts";
import { checkPlace, type PlaceRule } from "./place.ts";
import type { RunState } from "./state.ts";
import { applyEvent } from "./transitions/apply.ts";
import { noUsage } from "./transitions/usage.ts";

/** A message as the stream holds it. */
export interface StoredMessage {
  /** Sequence in the stream. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export type Folded =
  | { readonly valid: true; readonly state: RunState; readonly event: LogEvent; readonly envelope: Envelope }
  | { readonly valid: false; readonly state: RunState; readonly reason: string };

/** The state of a log without events. */
export const emptyState = (key: LogKey): RunState => ({
  key,
  head: { ordinal: 0, digest: NO_EVENT, epoch: 0, owner: "", sequence: 0 },
  voids: 0,
  unknownTypes: [],
  claimsWithoutProgress: 0,
  status: "absent",
  submitted: undefined,
  submittedAt: "",
  endedAt: "",
  inputs: [],
  planned: undefined,
  tasks: new Map(),
  accepted: new Set(),
  cancel: undefined,
  started: undefined,
  sandbox: undefined,
  sandboxesLost: 0,
  turns: [],
  steps: [],
  snapshot: "",
  published: [],
  result: undefined,
  failure: undefined,
  cancelled: undefined,
  usage: noUsage,
});

/**
 * Adds one message to a state: pure, total, the same for every reader. A message is valid if it can be read, stands at
 * the next place of this log in the current epoch, and the state allows what it says. Any other is void: counted, and
 * otherwise as if it had never been written.
 */
export const fold = (state: RunState, message: StoredMessage): Folded => foldUnder(checkPlace, state, message);

/** {@link fold} under another rule of place: tests remove parts of the rule to see that their absence is noticed. */
export function foldUnder(rule: PlaceRule, state: RunState, { sequence, bytes }: StoredMessage): Folded {
  const seen: RunState = { ...state, head: { ...state.head, sequence } };
  const ignore = (reason: string, unknownTypes = state.unknownTypes): Folded => ({
    valid: false,
    reason,
    state: { ...seen, voids: state.voids + 1, unknownTypes },
  });

  const decoded = decodeEnvelope(bytes);
  if (!decoded.ok) {
    const { foreign } = decoded;
    const continues = foreign !== undefined && state.head.ordinal > 0 && rule(state, foreign) === undefined;
    return ignore(decoded.reason, continues ? [...new Set([...state.unknownTypes, foreign.type])] : state.unknownTypes);
  }
  const { envelope, event, digest } = decoded;
  const misplaced = rule(state, envelope);
  if (misplaced !== undefined) return ignore(misplaced);
  const next = applyEvent(state, event, envelope);
  if (typeof next === "string") return ignore(`${event.type}: ${next}`);
  const { ordinal, epoch, owner } = envelope;
  return {
    valid: true,
    event,
    envelope,
    state: { ...next, head: { ordinal, digest, epoch, owner, sequence } },
  };
}
