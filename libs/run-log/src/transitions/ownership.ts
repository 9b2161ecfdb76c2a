import type { events } from "@cofferdam/contracts";
import type { Envelope } from "../envelope.ts";
import type { LogEvent } from "../event-types.ts";
import { taskLogId } from "../log-key.ts";
import type { RunState } from "../state.ts";
import type { Transition } from "./apply.ts";

type OwnershipEvent = Extract<LogEvent, { type: "run.submitted" | "run.claimed" }>;

/** How a log begins, and how it passes from owner to owner. */
export function applyOwnership(state: RunState, event: OwnershipEvent, envelope: Envelope): Transition {
  if (event.type === "run.submitted") return submit(state, event.data, envelope);
  if (state.status === "absent") return "the log has not begun";
  if (event.data.epoch !== envelope.epoch || event.data.owner !== envelope.owner) return "it claims for another";
  return { ...state, status: "running", claimsWithoutProgress: state.claimsWithoutProgress + 1 };
}

function submit(state: RunState, submitted: events.RunSubmitted, envelope: Envelope): Transition {
  if (state.status !== "absent") return "the log has begun already";
  if (submitted.team !== state.key.team) return `team ${submitted.team} is not that of the log`;
  const { task } = state.key;
  if (task === undefined) {
    if (submitted.plan === undefined || submitted.task !== undefined) return "a run's log begins with a plan";
  } else {
    if (submitted.task === undefined || submitted.plan !== undefined) return "a task's log begins with a task";
    if (logIdOf(submitted.task) !== task) return `task ${submitted.task.taskId} is not that of the log`;
  }
  return {
    ...state,
    status: "submitted",
    submitted,
    submittedAt: envelope.time,
    inputs: task === undefined ? [] : submitted.inputs,
  };
}

function logIdOf(task: events.TaskSpec): string | undefined {
  if (task.attempt < 1) return undefined;
  try {
    return taskLogId(task.taskId, task.attempt);
  } catch {
    // Not an identifier: no log is called so.
    return undefined;
  }
}
