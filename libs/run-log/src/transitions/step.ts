import type { events } from "@cofferdam/contracts";
import type { RunState, Step } from "../state.ts";
import type { Transition } from "./apply.ts";

/** The step that was decided and is not committed, if any. At most one is open. */
export function openStep(state: RunState): Step | undefined {
  const last = state.steps.at(-1);
  return last?.committed === undefined ? last : undefined;
}

/** A step comes from a recorded answer, never from a partial stream. */
export function decideStep(state: RunState, decided: events.PolicyDecided): Transition {
  const turn = state.turns.at(-1);
  if (turn?.responded === undefined) return "no recorded answer asked for it";
  if (openStep(state) !== undefined) return `step ${state.steps.length} is open`;
  if (decided.step !== state.steps.length + 1) return `step ${decided.step} after ${state.steps.length}`;
  if (decided.decision !== "DECISION_ALLOW" && decided.decision !== "DECISION_DENY") return "no decision";
  const step: Step = { step: decided.step, decided, started: undefined, sandboxId: "", committed: undefined };
  return { ...state, steps: [...state.steps, step] };
}

export function startStep(state: RunState, started: events.StepStarted): Transition {
  const open = openStep(state);
  if (open === undefined || open.step !== started.step) return `step ${started.step} is not open`;
  if (open.decided.decision !== "DECISION_ALLOW") return `step ${started.step} is denied`;
  if (state.sandbox === undefined) return "no sandbox is attached";
  const before = open.started?.attempt ?? 0;
  if (started.attempt !== before + 1) return `attempt ${started.attempt} after ${before}`;
  // Its half-done effect must be gone, and that went with the sandbox in which it was done.
  if (state.sandbox.sandboxId === open.sandboxId) return "the sandbox of the attempt before is not lost";
  return withLastStep(state, { ...open, started, sandboxId: state.sandbox.sandboxId });
}

export function commitStep(state: RunState, committed: events.StepCommitted): Transition {
  const open = openStep(state);
  if (open === undefined || open.step !== committed.step) return `step ${committed.step} is not open`;
  if (open.decided.decision === "DECISION_DENY") {
    if (committed.snapshotDigest !== state.snapshot) return "a denied step changed the workspace";
  } else {
    if (open.started === undefined) return `step ${committed.step} has not started`;
    if (state.sandbox?.sandboxId !== open.sandboxId) return "the sandbox it ran in is not attached";
    if (committed.snapshotDigest === "" && state.snapshot !== "") return "it would forget the workspace";
  }
  const { usage } = state;
  return {
    ...withLastStep(state, { ...open, committed }),
    snapshot: committed.snapshotDigest,
    usage: { ...usage, toolCalls: usage.toolCalls + 1 },
  };
}

const withLastStep = (state: RunState, step: Step): RunState => ({
  ...state,
  steps: [...state.steps.slice(0, -1), step],
});
