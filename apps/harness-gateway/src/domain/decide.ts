import type { RunState, Step } from "@cofferdam/run-log";
import type { events } from "@cofferdam/contracts";
import type { Answer } from "./answer.ts";
import type { ToolCall } from "./tools.ts";

/** What a worker does next with the task log that it owns. */
export type Act =
  | { readonly kind: "start" }
  | { readonly kind: "publish" }
  /** The sandbox is of an earlier owner: take it over, or replace it. */
  | { readonly kind: "reattach" }
  | { readonly kind: "attach" }
  | { readonly kind: "request"; readonly turn: number }
  | { readonly kind: "call"; readonly requested: events.ModelRequested }
  | { readonly kind: "judge"; readonly step: number; readonly call: ToolCall }
  /** `begun`: this attempt stands in the log already and its sandbox lives; ask again under the same key. */
  | { readonly kind: "execute"; readonly step: number; readonly attempt: Attempt; readonly call: ToolCall }
  | { readonly kind: "refuse"; readonly step: number; readonly decided: events.PolicyDecided }
  | { readonly kind: "finish"; readonly text: string }
  | { readonly kind: "fail"; readonly failure: events.Failure }
  | { readonly kind: "ended" };

export interface Attempt {
  readonly number: number;
  /** Journal key of the broker: step, attempt and sandbox. An attempt belongs to the sandbox that it began in. */
  readonly execId: string;
  readonly begun: boolean;
}

export interface Circumstances {
  /** Every answer of the task so far, in turn order; one per responded turn. */
  readonly answers: readonly Answer[];
  /** Since the task started, by the worker's clock. */
  readonly elapsedMs: number;
}

/**
 * The agent loop as a pure function of the log: fold, decide, act, append, again. A worker that dies anywhere is
 * continued by another from the same log.
 */
export function decide(state: RunState, { answers, elapsedMs }: Circumstances): Act {
  if (state.status === "completed" || state.status === "failed" || state.status === "cancelled") {
    return { kind: "ended" };
  }
  const task = state.submitted?.task;
  if (task === undefined) return fail("NOT_A_TASK", "the log is not that of a task");
  if (state.started === undefined) return { kind: "start" };
  if (task.kind === "TASK_KIND_PUBLISH") return { kind: "publish" };
  const spent = overBudget(state, task.budget, elapsedMs);
  if (spent !== undefined) return { kind: "fail", failure: spent };
  if (state.sandbox === undefined) return { kind: "attach" };
  if (state.sandbox.epoch !== state.head.epoch) return { kind: "reattach" };

  const turn = state.turns.at(-1);
  if (turn === undefined) return { kind: "request", turn: 1 };
  if (turn.responded === undefined) return { kind: "call", requested: turn.requested };

  const calls = answers.flatMap((answer) => answer.calls);
  const done = state.steps.filter((step) => step.committed !== undefined).length;
  const call = calls[done];
  if (call !== undefined) return nextOfStep(state, done, call);
  const answer = answers.at(-1);
  if (answer?.incomplete !== undefined && answer.calls.length === 0) {
    return fail("MODEL_INCOMPLETE", `the model's answer was cut short: ${answer.incomplete}`, true);
  }
  if (answer === undefined || answer.calls.length === 0) return { kind: "finish", text: answer?.text ?? "" };
  return { kind: "request", turn: state.turns.length + 1 };
}

function nextOfStep(state: RunState, done: number, call: ToolCall): Act {
  const step = state.steps[done];
  if (step === undefined) return { kind: "judge", step: done + 1, call };
  if (step.decided.decision !== "DECISION_ALLOW") return { kind: "refuse", step: step.step, decided: step.decided };
  return { kind: "execute", step: step.step, attempt: attemptOf(step, state.sandbox?.sandboxId ?? ""), call };
}

function attemptOf({ step, started, ...before }: Step, sandboxId: string): Attempt {
  if (started !== undefined && before.sandboxId === sandboxId) {
    return { number: started.attempt, execId: started.execId, begun: true };
  }
  const number = (started?.attempt ?? 0) + 1;
  return { number, execId: `s${step}a${number}@${sandboxId}`, begun: false };
}

const fail = (reason: string, message: string, retryable = false): Act => ({
  kind: "fail",
  failure: { reason, message, retryable },
});

function overBudget(
  { usage, steps }: RunState,
  budget: events.Budget | undefined,
  elapsedMs: number,
): events.Failure | undefined {
  if (budget === undefined) return undefined;
  const over = (name: string, limit: number, used: number): events.Failure => ({
    reason: "BUDGET_EXHAUSTED",
    message: `the task's budget of ${limit} ${name} is spent (${used} used)`,
    retryable: false,
  });
  const tokens = usage.inputTokens + usage.outputTokens;
  if (budget.tokens > 0 && tokens >= budget.tokens) return over("tokens", budget.tokens, tokens);
  const committed = steps.filter((step) => step.committed !== undefined).length;
  if (budget.toolCalls > 0 && committed >= budget.toolCalls) return over("tool calls", budget.toolCalls, committed);
  if (budget.wallMs > 0 && elapsedMs >= budget.wallMs) return over("ms of wall time", budget.wallMs, elapsedMs);
  return undefined;
}
