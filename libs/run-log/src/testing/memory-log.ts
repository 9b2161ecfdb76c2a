import type { events } from "@cofferdam/contracts";
import { encodeEnvelope, seal } from "../envelope.ts";
import type { LogEvent } from "../event-types.ts";
import { emptyState, fold, type Folded, type StoredMessage } from "../fold.ts";
import { type LogKey, logName } from "../log-key.ts";
import type { RunState } from "../state.ts";

/** Who writes in which epoch. */
export interface MemoryWriter {
  readonly owner: string;
  readonly epoch: number;
}

/**
 * A log without an engine: it stores whatever is written, like a stream without expected sequences, so that only the fold
 * stands between two writers.
 */
export class MemoryLog {
  readonly key: LogKey;
  readonly messages: StoredMessage[] = [];
  state: RunState;

  constructor(key: LogKey) {
    this.key = key;
    this.state = emptyState(key);
  }

  /** Stores bytes as they are. */
  store(bytes: Uint8Array): Folded {
    const message = { sequence: this.messages.length + 1, bytes };
    this.messages.push(message);
    const folded = fold(this.state, message);
    this.state = folded.state;
    return folded;
  }

  /** Stores bytes only if they are valid, and says whether they were. */
  offer(bytes: Uint8Array): boolean {
    const message = { sequence: this.messages.length + 1, bytes };
    const folded = fold(this.state, message);
    if (!folded.valid) return false;
    this.messages.push(message);
    this.state = folded.state;
    return true;
  }

  /** Writes an event as `writer` would who believes that the log stands at `view`. */
  write(event: LogEvent, writer: MemoryWriter, view: RunState = this.state): Folded {
    return this.store(sealFor(view, event, writer));
  }

  /** Writes an event as the present owner. */
  append(event: LogEvent): Folded {
    return this.write(event, this.state.head);
  }

  submit(submitted: events.RunSubmitted, owner = "gateway"): Folded {
    return this.write({ type: "run.submitted", data: submitted }, { owner, epoch: 0 });
  }

  claim(owner: string): Folded {
    const epoch = this.state.head.epoch + 1;
    return this.write({ type: "run.claimed", data: { epoch, owner } }, { owner, epoch });
  }
}

/** The bytes of an event at the place after `view`. Times are a function of the ordinal, so that logs are reproducible. */
export function sealFor(view: RunState, event: LogEvent, writer: MemoryWriter): Uint8Array {
  const ordinal = view.head.ordinal + 1;
  return encodeEnvelope(
    seal(event, {
      team: view.key.team,
      service: "test",
      log: logName(view.key),
      time: new Date(Date.UTC(2026, 0, 1) + ordinal * 1_000).toISOString(),
      ordinal,
      prevdigest: view.head.digest,
      epoch: writer.epoch,
      owner: writer.owner,
    }),
  );
}

export function foldAll(key: LogKey, messages: readonly StoredMessage[]): RunState {
  let state = emptyState(key);
  for (const message of messages) ({ state } = fold(state, message));
  return state;
}
