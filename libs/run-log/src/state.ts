import type { events } from "@cofferdam/contracts";
import type { Digest } from "./envelope.ts";
import type { LogKey } from "./log-key.ts";

/** Where a log stands: what the next valid event must continue. */
export interface Head {
  /** Ordinal of the last valid event; 0 for an empty log. */
  readonly ordinal: number;
  readonly digest: Digest;
  readonly epoch: number;
  readonly owner: string;
  /** Sequence in the stream of the last message of this subject, valid or void; 0 for an empty log. */
  readonly sequence: number;
}

export type RunStatus = "absent" | "submitted" | "running" | "completed" | "failed" | "cancelled";

/** A task as its run's log sees it. */
export interface TaskView {
  readonly taskId: string;
  readonly kind: events.TaskKind;
  readonly item: number | undefined;
  readonly status: "planned" | "dispatched" | "completed" | "failed";
  readonly attempt: number;
  readonly result: events.TaskResult | undefined;
  readonly failure: events.Failure | undefined;
  /** Of all its attempts that have ended. */
  readonly usage: events.Usage;
}

/** One model call of a task. */
export interface Turn {
  readonly requested: events.ModelRequested;
  readonly responded: events.ModelResponded | undefined;
}

/** One tool call of a task. */
export interface Step {
  readonly step: number;
  readonly decided: events.PolicyDecided;
  /** The newest start; its `attempt` counts how often the step was started. Absent for a denied step. */
  readonly started: events.StepStarted | undefined;
  /** Sandbox of the newest start; a step starts again only in another one. */
  readonly sandboxId: string;
  readonly committed: events.StepCommitted | undefined;
}

export interface AttachedSandbox extends events.SandboxAttached {
  readonly epoch: number;
}

/**
 * What the valid events of one log add up to. The same for every reader; nothing here comes from anywhere else.
 * A run's log fills `planned` and `tasks`, a task's log fills `turns`, `steps` and `sandbox`.
 */
export interface RunState {
  readonly key: LogKey;
  readonly head: Head;
  /** Messages that were ignored because they do not continue the log. */
  readonly voids: number;
  /**
   * Types of events that continue the log in every respect but are not known here: a newer version wrote them. Nobody who
   * cannot read them may take ownership.
   */
  readonly unknownTypes: readonly string[];
  /** Claims since the log last gained something that lasts: an owner that dies each time shows here. */
  readonly claimsWithoutProgress: number;
  readonly status: RunStatus;
  readonly submitted: events.RunSubmitted | undefined;
  /** RFC 3339, of the first and the last event, by their writers' clocks. */
  readonly submittedAt: string;
  readonly endedAt: string;
  readonly inputs: readonly events.PinnedInput[];
  readonly planned: readonly events.PlannedTask[] | undefined;
  readonly tasks: ReadonlyMap<string, TaskView>;
  /** Identifiers of inbox messages already taken into account. */
  readonly accepted: ReadonlySet<string>;
  readonly cancel: events.CommandAccepted | undefined;
  readonly started: events.TaskStarted | undefined;
  readonly sandbox: AttachedSandbox | undefined;
  readonly sandboxesLost: number;
  readonly turns: readonly Turn[];
  readonly steps: readonly Step[];
  /** Snapshot that holds the effect of every committed step; empty before the first. */
  readonly snapshot: string;
  readonly published: readonly events.OutputPublished[];
  readonly result: events.TaskResult | undefined;
  readonly failure: events.Failure | undefined;
  readonly cancelled: events.RunCancelled | undefined;
  /**
   * A run's: the sum over its ended tasks. A task's: tokens of its answers, `modelCalls` answers received and `toolCalls`
   * steps committed, counted here and not taken from the events.
   */
  readonly usage: events.Usage;
}

/** Whether nothing can follow. */
export const isTerminal = (state: RunState): boolean =>
  state.status === "completed" || state.status === "failed" || state.status === "cancelled";
