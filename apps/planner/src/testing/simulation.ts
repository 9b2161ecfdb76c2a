import type { events } from "@cofferdam/contracts";
import { type InboxMessage, isTerminal, type LogEvent, type RunState, TaskId } from "@cofferdam/run-log";
import {
  type Choose,
  MemoryLog,
  runSubmitted,
  sampleFailure,
  sampleResult,
  sampleRun,
  sampleUsage,
} from "@cofferdam/run-log/testing";
import type { decide } from "../domain/decide.ts";

export interface Scenario {
  readonly plan: Partial<events.RunPlan>;
  /** Out of ten attempts, how many fail in a way that may pass, and how many for good. */
  readonly retryable: number;
  readonly fatal: number;
  readonly cancels: boolean;
}

/** Something that acts one effect at a time; between any two it can be overtaken, or die. */
type Actor = Generator<void, void, void>;

/**
 * One run in a world without an engine's guard: planners and workers interleave at every effect, die between any two, act on
 * views that are out of date, and are started anew. From a certain time on nobody dies, so the run must end.
 */
export class Simulation {
  readonly root = new MemoryLog(sampleRun);
  readonly tasks = new Map<string, MemoryLog>();
  readonly broken: string[] = [];
  readonly #inboxes = new Map<string, InboxMessage[]>();
  readonly #rootInbox: InboxMessage[] = [];
  readonly #choose: Choose;
  readonly #scenario: Scenario;
  readonly #decide: typeof decide;
  readonly #plan: events.RunPlan;
  #instances = 0;

  constructor(choose: Choose, scenario: Scenario, how: typeof decide) {
    this.#choose = choose;
    this.#scenario = scenario;
    this.#decide = how;
    const submitted = runSubmitted(scenario.plan);
    if (submitted.plan === undefined) throw new TypeError("a run without a plan");
    this.#plan = submitted.plan;
    this.root.submit(submitted);
  }

  run(effects: number): void {
    let actors: Actor[] = [];
    for (let i = 0; i < effects && !isTerminal(this.root.state); i++) {
      if (this.#scenario.cancels && i === 25) {
        this.#rootInbox.push({ id: "c1", command: "cancel", principal: "bob", reason: "enough" });
      }
      while (actors.length < 4) actors.push(this.#choose(2) === 0 ? this.#planner() : this.#worker());
      const at = this.#choose(actors.length);
      const dies = i < effects / 2 && this.#choose(7) === 0;
      const isDone = dies || actors[at]?.next().done === true;
      if (isDone) actors = actors.filter((_, j) => j !== at);
      this.#check();
    }
    // Whoever is still under way acts on what it saw before the end.
    for (const actor of actors) for (let n = 0; n < 50 && actor.next().done !== true; n++) this.#check();
  }

  *#planner(): Actor {
    const owner = `planner-${++this.#instances}`;
    let epoch = -1;
    for (;;) {
      const state = this.root.state;
      if (isTerminal(state)) return;
      const logs = new Map([...this.tasks].map(([id, log]) => [id, log.state]));
      const inbox = [...this.#rootInbox];
      yield;
      const intents = this.#decide(state, logs, inbox);
      if (intents.length === 0) return;
      for (const intent of intents) {
        if (intent.kind === "append") {
          if (epoch < 0) {
            epoch = state.head.epoch + 1;
            const claim: LogEvent = { type: "run.claimed", data: { epoch, owner } };
            if (!this.root.write(claim, { owner, epoch }, state).valid) return;
            yield;
          }
          for (const event of intent.events) if (!this.root.write(event, { owner, epoch }).valid) return;
        } else if (intent.kind === "begin-task") {
          if (!this.tasks.has(intent.log)) {
            const log = new MemoryLog({ ...sampleRun, task: TaskId(intent.log) });
            if (!log.submit(intent.submitted, owner).valid) this.broken.push(`malformed log ${intent.log}`);
            this.tasks.set(intent.log, log);
          }
        } else {
          this.#inboxes.set(intent.log, [...(this.#inboxes.get(intent.log) ?? []), intent.message]);
        }
        yield;
      }
    }
  }

  *#worker(): Actor {
    const owner = `worker-${++this.#instances}`;
    const open = [...this.tasks.values()].filter((log) => !isTerminal(log.state));
    const log = open[this.#choose(Math.max(1, open.length))];
    const spec = log?.state.submitted?.task;
    if (log === undefined || spec === undefined || !log.claim(owner).valid) return;
    const { epoch } = log.state.head;
    const say = (event: LogEvent) => log.write(event, { owner, epoch }).valid;
    yield;
    if (log.state.started === undefined && !say({ type: "task.started", data: { taskId: spec.taskId, itemPath: "" } }))
      return;
    yield;
    const [message] = this.#inboxes.get(log.key.task ?? "") ?? [];
    if (message !== undefined) {
      const { id: commandId, command, principal, reason } = message;
      if (say({ type: "command.accepted", data: { commandId, command, principal } })) {
        say({ type: "run.cancelled", data: { reason, principal } });
      }
      return;
    }
    const luck = this.#choose(10);
    const { retryable, fatal } = this.#scenario;
    if (luck < retryable + fatal) {
      say({ type: "run.failed", data: { failure: sampleFailure(luck < retryable), usage: sampleUsage } });
    } else say({ type: "run.completed", data: { result: sampleResult(spec.taskId) } });
  }

  /** What must hold at every moment. */
  #check(): void {
    const { state } = this.root;
    const flying = [...state.tasks.values()].filter((task) => task.status === "dispatched");
    if (flying.length > Math.max(1, this.#plan.maxParallel)) this.broken.push(`${flying.length} tasks at once`);
    for (const task of state.tasks.values()) {
      if (task.attempt > Math.max(1, this.#plan.maxAttempts))
        this.broken.push(`attempt ${task.attempt} of ${task.taskId}`);
    }
    if (isTerminal(state)) {
      for (const log of this.tasks.values()) {
        if (!isTerminal(log.state)) this.broken.push(`the run ended before ${log.key.task}`);
      }
    }
  }

  /** What must hold of the whole. */
  verdict(): readonly string[] {
    const { state } = this.root;
    const problems = [...new Set(this.broken)];
    if (!isTerminal(state)) problems.push(`it did not end: ${state.status}`);
    const publications = [...this.tasks.values()].filter(
      (log) => log.state.submitted?.task?.kind === "TASK_KIND_PUBLISH" && log.state.status === "completed",
    );
    if (publications.length > 1) problems.push(`${publications.length} publications`);
    if (state.status === "completed") problems.push(...this.#completeness(state, publications.length));
    if (state.status === "cancelled" && !this.#scenario.cancels) problems.push("cancelled by nobody");
    if (state.status === "failed" && this.#scenario.retryable + this.#scenario.fatal === 0)
      problems.push("failed without a failure");
    problems.push(...this.#overspent());
    return problems;
  }

  #completeness(state: RunState, publications: number): string[] {
    const problems: string[] = [];
    if (publications !== 1) problems.push(`${publications} publications of a completed run`);
    const items = this.#plan.fanOutInput === "" ? 1 : this.#plan.items;
    const ended = [...state.tasks.values()].filter((task) => task.status === "completed").length;
    if (ended !== items + (this.#plan.join ? 1 : 0) + 1) problems.push(`${ended} tasks completed`);
    return problems;
  }

  /** The shares of all first attempts together stay within the run's budget. */
  #overspent(): string[] {
    const limit = this.#plan.budget?.tokens ?? 0;
    if (limit === 0) return [];
    const shares = [...this.tasks.values()].flatMap(({ state }) => {
      const spec = state.submitted?.task;
      return spec === undefined || spec.attempt > 1 || spec.kind === "TASK_KIND_PUBLISH"
        ? []
        : [spec.budget?.tokens ?? 0];
    });
    if (shares.includes(0)) return ["a task without a limit"];
    return shares.reduce((sum, share) => sum + share, 0) > limit ? ["the shares exceed the budget"] : [];
  }
}
