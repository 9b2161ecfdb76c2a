import type { Envelope } from "../envelope.ts";
import type { LogEvent } from "../event-types.ts";
import { isTerminal, type RunState } from "../state.ts";
import { applyOwnership } from "./ownership.ts";
import { applyRunEvent } from "./run.ts";
import { applyTaskEvent } from "./task.ts";

/** The state after an event, or why the state does not allow it. */
export type Transition = RunState | string;

const progress = new Set<string>([
  "run.planned",
  "task.completed",
  "task.failed",
  "model.responded",
  "step.committed",
  "output.published",
] satisfies LogEvent["type"][]);

/** The half of the validity rule that is about meaning: what may happen in which state. */
export function applyEvent(state: RunState, event: LogEvent, envelope: Envelope): Transition {
  if (isTerminal(state)) return `the log ended as ${state.status}`;
  if (event.type === "run.submitted" || event.type === "run.claimed") return applyOwnership(state, event, envelope);
  if (state.status !== "running") return "nobody has claimed the log";
  const next =
    state.key.task === undefined ? applyRunEvent(state, event) : applyTaskEvent(state, event, envelope.epoch);
  if (typeof next === "string") return next;
  return {
    ...next,
    claimsWithoutProgress: progress.has(event.type) ? 0 : state.claimsWithoutProgress,
    endedAt: isTerminal(next) ? envelope.time : "",
  };
}
