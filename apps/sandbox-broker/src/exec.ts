import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { sandbox } from "@cofferdam/contracts";
import { type Execution, SandboxError, WorkspacePath } from "@cofferdam/sandbox-provider";
import { type Logger, RpcError } from "@cofferdam/service";
import { OutputJournal } from "./adapters/output-journal.ts";
import type { BrokerState } from "./adapters/state.ts";
import { invalid } from "./domain/errors.ts";
import type { FaultPlan } from "./domain/faults.ts";
import type { Holder } from "./domain/holder.ts";
import type { HeldSandbox } from "./held-sandbox.ts";
import { type ExecEvent, follow, outcomeOf, replay } from "./exec-events.ts";
import type { RunningExec } from "./running-exec.ts";
import type { Sandboxes } from "./sandboxes.ts";

export interface ExecParts {
  readonly sandboxes: Sandboxes;
  readonly state: BrokerState;
  readonly faults: FaultPlan;
  readonly logger: Logger;
}

const MAX_RUNNING = 64;
/** How long a command runs undisturbed before a fault hits it, unless it writes something earlier. */
const FAULT_DELAY_MS = 20;

/** Runs commands, each once per exec id while its sandbox lives. */
export class Executor {
  readonly #parts: ExecParts;

  constructor(parts: ExecParts) {
    this.#parts = parts;
  }

  /**
   * Starts a command, attaches to the one that runs under this id, or finds the recorded one.
   * Returns its events and, while it runs, the way to its input.
   */
  async begin(held: HeldSandbox, holder: Holder, start: sandbox.ExecStart): Promise<Begun> {
    if (start.execId === "") throw invalid("start.exec_id", "is empty", "give a key that is unique in the log");
    const requestDigest = digestOf(start);
    return this.#parts.sandboxes.inTurn(held, holder, async () => {
      const running = held.running.get(start.execId);
      if (running !== undefined) {
        assertSame(start.execId, running.requestDigest, requestDigest);
        return { events: follow(running), execution: running.execution };
      }
      const recorded = this.#parts.state.execOf(held.id, start.execId);
      if (recorded !== undefined) {
        assertSame(start.execId, recorded.requestDigest, requestDigest);
        return { events: replay(this.#journalPath(held, start.execId), recorded.outcome) };
      }
      const fresh = await this.#start(held, holder, start, requestDigest);
      return { events: follow(fresh), execution: fresh.execution };
    });
  }

  async #start(
    held: HeldSandbox,
    holder: Holder,
    start: sandbox.ExecStart,
    requestDigest: string,
  ): Promise<RunningExec> {
    if (held.running.size >= MAX_RUNNING) throw tooMany();
    const workdir = WorkspacePath(start.workdir);
    const { limits } = held;
    const timeoutMs = Math.min(start.timeoutMs || limits.execTimeoutMs, limits.execTimeoutMs);
    const journal = await OutputJournal.create(this.#journalPath(held, start.execId));
    let execution: Execution;
    try {
      // Nothing is waited for between this and the start.
      this.#parts.sandboxes.admit(holder);
      const { argv, environment } = start;
      execution = held.sandbox.exec({ argv, workdir, environment, timeoutMs, outputBytes: limits.outputBytes });
    } catch (error) {
      await journal.seal(false);
      throw error;
    }
    const doom = this.#injectFault(held, start, journal);
    const outcome = this.#supervise(held, start, { requestDigest, execution, journal, doom });
    outcome.catch(() => undefined);
    const running = { requestDigest, execution, journal, outcome };
    held.running.set(start.execId, running);
    return running;
  }

  async #supervise(held: HeldSandbox, start: sandbox.ExecStart, started: Started): Promise<sandbox.ExecOutcome> {
    const { requestDigest, execution, journal, doom } = started;
    let durable = false;
    try {
      const [result] = await Promise.all([
        execution.ended,
        collect(execution, "stdout", journal),
        collect(execution, "stderr", journal),
      ]);
      // A command that was faster than its fault has not happened either.
      await doom;
      held.assertNotLost();
      await journal.seal(true);
      durable = true;
      const outcome = outcomeOf(result, journal);
      held.assertNotLost();
      this.#parts.state.recordExec(held.id, start.execId, { requestDigest, outcome: JSON.stringify(outcome) });
      await held.kept.add({ path: journal.path, bytes: journal.bytes.stdout + journal.bytes.stderr });
      return outcome;
    } catch (error) {
      execution.kill();
      const neverRan = error instanceof SandboxError && error.code === "START_FAILED";
      // Its effects may be there and its outcome is not: only a fresh workspace is certain.
      if (!neverRan) await this.#parts.sandboxes.lose(held, reasonOf(error));
      held.assertNotLost();
      throw error;
    } finally {
      if (!durable) await journal.seal(false);
      held.running.delete(start.execId);
    }
  }

  /** Kills the sandbox under a command that was chosen for it; resolves when it is gone, or at once. */
  async #injectFault(held: HeldSandbox, start: sandbox.ExecStart, journal: OutputJournal): Promise<void> {
    const fault = this.#parts.faults.take(held.holder.log, start.step);
    if (fault === undefined) return;
    await Promise.race([journal.begun, sleep(FAULT_DELAY_MS)]);
    this.#parts.logger.warn({ sandbox: held.id, step: start.step, fault: fault.kind }, "fault injected");
    await this.#parts.sandboxes.lose(held, `fault injection killed it in step ${start.step}`);
  }

  #journalPath(held: HeldSandbox, execId: string): string {
    const name = createHash("sha256").update(execId).digest("hex");
    return join(this.#parts.sandboxes.journalsOf(held.id), name);
  }
}

interface Started {
  readonly requestDigest: string;
  readonly execution: Execution;
  readonly journal: OutputJournal;
  /** Resolves when the fault that was meant for this command has struck. */
  readonly doom: Promise<void>;
}

export interface Begun {
  readonly events: AsyncIterable<ExecEvent>;
  /** Absent where the command had ended before. */
  readonly execution?: Execution;
}

async function collect(execution: Execution, stream: "stdout" | "stderr", journal: OutputJournal): Promise<void> {
  for await (const chunk of execution[stream]) if (Buffer.isBuffer(chunk)) await journal.append(stream, chunk);
}

function digestOf(start: sandbox.ExecStart): string {
  const environment = Object.entries(start.environment).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([start.argv, start.workdir, environment]))
    .digest("hex");
}

/** @throws {RpcError} `EXEC_ID_REUSED` */
export function assertSame(execId: string, recorded: string, asked: string): void {
  if (recorded === asked) return;
  throw new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "EXEC_ID_REUSED",
    message: `exec id ${JSON.stringify(execId.slice(0, 80))} stands for another command in this sandbox`,
    mend: "use a new exec id for a new command",
  });
}

const reasonOf = (error: unknown): string =>
  error instanceof SandboxError ? error.message : "the outcome of a command could not be recorded";

const tooMany = (): RpcError =>
  new RpcError({
    status: "RESOURCE_EXHAUSTED",
    reason: "TOO_MANY_EXECS",
    message: `the sandbox runs ${MAX_RUNNING} commands already`,
    mend: "wait until one ends",
  });
