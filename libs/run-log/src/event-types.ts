import { events } from "@cofferdam/contracts";

/** Every event type, without the `cofferdam.` prefix of the CloudEvents `type`, with the message its `data` carries. */
export const eventCodecs = {
  "run.submitted": events.RunSubmitted,
  "run.claimed": events.RunClaimed,
  "run.planned": events.RunPlanned,
  "run.completed": events.RunCompleted,
  "run.failed": events.RunFailed,
  "run.cancelled": events.RunCancelled,
  "command.accepted": events.CommandAccepted,
  "input.pinned": events.InputPinned,
  "task.dispatched": events.TaskDispatched,
  "task.started": events.TaskStarted,
  "task.completed": events.TaskCompleted,
  "task.failed": events.TaskFailed,
  "sandbox.attached": events.SandboxAttached,
  "sandbox.lost": events.SandboxLost,
  "sandbox.released": events.SandboxReleased,
  "model.requested": events.ModelRequested,
  "model.responded": events.ModelResponded,
  "policy.decided": events.PolicyDecided,
  "step.started": events.StepStarted,
  "step.committed": events.StepCommitted,
  "output.published": events.OutputPublished,
} as const;

export type EventType = keyof typeof eventCodecs;
export type EventData<T extends EventType> = ReturnType<(typeof eventCodecs)[T]["fromJSON"]>;

/** An event by type and data, before it has a place in a log. */
export type LogEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

export const isEventType = (text: string): text is EventType => Object.hasOwn(eventCodecs, text);
