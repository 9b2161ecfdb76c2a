import type { events } from "@cofferdam/contracts";
import type { Manifest } from "@cofferdam/manifest";
import type { PolicyEngine } from "@cofferdam/policy";
import type { LogWriter } from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import type { Answer } from "../../domain/answer.ts";
import type { TaskDeps } from "./deps.ts";
import type { SandboxHandle } from "./sandbox.ts";

/** One task in the hands of one worker for one epoch: what the acts share. */
export interface TaskContext {
  readonly deps: TaskDeps;
  readonly writer: LogWriter;
  readonly manifest: Manifest;
  readonly policy: PolicyEngine;
  readonly submitted: events.RunSubmitted;
  readonly task: events.TaskSpec;
  readonly logger: Logger;
  /** Aborts on shutdown, on loss of ownership and on cancellation. */
  readonly signal: AbortSignal;
  /** Answers of the task so far, in turn order. */
  readonly answers: Answer[];
  /** The sandbox in use; absent before the first and after a loss. */
  sandbox: SandboxHandle | undefined;
}
