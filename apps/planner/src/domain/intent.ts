import type { events } from "@cofferdam/contracts";
import type { InboxMessage, LogEvent } from "@cofferdam/run-log";

/** Something the planner is to do next for a run. Each can be done twice, or not at all and then again, without harm. */
export type Intent =
  /** Append to the run's log, in order. */
  | { readonly kind: "append"; readonly events: readonly LogEvent[] }
  /** Begin the log of an attempt at a task, and ring for a worker. `log` is its identifier within the run. */
  | { readonly kind: "begin-task"; readonly log: string; readonly submitted: events.RunSubmitted }
  /** Put a message into a task's inbox, and ring for a worker. */
  | { readonly kind: "tell-task"; readonly log: string; readonly message: InboxMessage };

export const append = (...list: LogEvent[]): Intent => ({ kind: "append", events: list });
