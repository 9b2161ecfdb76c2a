import {
  type Doorbells,
  type Inbox,
  isTerminal,
  type LogKey,
  logName,
  type LogWriter,
  type RunLog,
  RunLogError,
  type RunState,
  TaskId,
  taskLogId,
} from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import { decide } from "../domain/decide.ts";
import type { Intent } from "../domain/intent.ts";

export interface RunPlannerDeps {
  readonly log: RunLog;
  readonly inbox: Inbox;
  readonly bells: Doorbells;
  readonly logger: Logger;
}

/** Carries out what `decide` says for one run after the other. Keeps nothing that is not in the logs but the right to write. */
export class RunPlanner {
  readonly #deps: RunPlannerDeps;
  readonly #writers = new Map<string, LogWriter>();

  constructor(deps: RunPlannerDeps) {
    this.#deps = deps;
  }

  /**
   * Brings a run as far as it can go now. Throws RunLogError where it should be looked at again later: another planner
   * was faster, or the engine does not answer.
   */
  async look(key: LogKey, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted && (await this.#advance(key)));
    } catch (error) {
      this.#writers.delete(logName(key));
      // Another ended it: there is nothing left to do.
      if (error instanceof RunLogError && error.code === "TERMINAL") return;
      throw error;
    }
  }

  /** One decision. True where it changed a log, so that there may be more to decide. */
  async #advance(key: LogKey): Promise<boolean> {
    const { log, inbox } = this.#deps;
    const state = await log.read(key);
    if (state.status === "absent" || isTerminal(state)) {
      this.#writers.delete(logName(key));
      return false;
    }
    const [taskLogs, messages] = await Promise.all([this.#tasksInFlight(key, state), inbox.read(key)]);
    const intents = decide(state, taskLogs, messages);
    // An append stands alone; what else is decided at once concerns different tasks.
    await Promise.all(intents.map((intent) => this.#carryOut(key, state, intent)));
    return intents.some((intent) => intent.kind !== "tell-task");
  }

  async #tasksInFlight(key: LogKey, state: RunState): Promise<Map<string, RunState>> {
    const flying = [...state.tasks.values()].filter((task) => task.status === "dispatched");
    const logs = await Promise.all(
      flying.map(async (task) => {
        const id = taskLogId(task.taskId, task.attempt);
        return [id, await this.#deps.log.read({ ...key, task: id })] as const;
      }),
    );
    return new Map(logs);
  }

  async #carryOut(key: LogKey, state: RunState, intent: Intent): Promise<void> {
    const { log, inbox, bells, logger } = this.#deps;
    switch (intent.kind) {
      case "append": {
        const writer = await this.#writer(key, state);
        await writer.append(intent.events);
        logger.info({ run: key.run, events: intent.events.map((e) => e.type) }, "planned");
        return;
      }
      case "begin-task": {
        const task = { ...key, task: TaskId(intent.log) };
        await log.create(task, intent.submitted);
        await bells.ring("task", task);
        return;
      }
      case "tell-task": {
        const task = { ...key, task: TaskId(intent.log) };
        await inbox.send(task, intent.message);
        await bells.ring("task", task);
        return;
      }
    }
  }

  /** The writer of the last look where the log is still ours, else a new claim. */
  async #writer(key: LogKey, state: RunState): Promise<LogWriter> {
    const name = logName(key);
    const known = this.#writers.get(name);
    if (
      known !== undefined &&
      !known.signal.aborted &&
      known.epoch === state.head.epoch &&
      known.owner === state.head.owner
    ) {
      return known;
    }
    const writer = await this.#deps.log.claim(key);
    this.#writers.set(name, writer);
    if (writer.state.head.ordinal === state.head.ordinal + 1) return writer;
    // Somebody wrote between the reading and the claim: what was decided may be wrong.
    throw new RunLogError("FENCED", `planning ${name}: it changed meanwhile`);
  }
}
