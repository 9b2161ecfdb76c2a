import type { events } from "@cofferdam/contracts";
import type { LogEvent } from "../event-types.ts";
import type { RunState } from "../state.ts";
import type { Transition } from "./apply.ts";
import { acceptCommand, cancelRun } from "./commands.ts";
import { commitStep, decideStep, openStep, startStep } from "./step.ts";
import { addUsage, noUsage } from "./usage.ts";

/** What may happen in the log of a task, whose owner is a worker. */
export function applyTaskEvent(state: RunState, event: LogEvent, epoch: number): Transition {
  switch (event.type) {
    case "command.accepted":
      return acceptCommand(state, event.data);
    case "run.failed":
      if (event.data.failure === undefined) return "a failure without a reason";
      return { ...state, status: "failed", failure: event.data.failure };
    case "run.cancelled":
      return cancelRun(state, event.data);
    case "task.started":
      return startTask(state, event.data);
    case "output.published":
      return publish(state, event.data);
    case "run.completed":
      return complete(state, event.data);
    case "sandbox.attached":
    case "sandbox.lost":
    case "sandbox.released":
    case "model.requested":
    case "model.responded":
    case "policy.decided":
    case "step.started":
    case "step.committed":
      return agentOf(state) ?? applyAgentEvent(state, event, epoch);
    default:
      return "no event of a task's log";
  }
}

type AgentEvent = Extract<
  LogEvent,
  { type: `sandbox.${string}` | `model.${string}` | `policy.${string}` | `step.${string}` }
>;

function applyAgentEvent(state: RunState, event: AgentEvent, epoch: number): Transition {
  switch (event.type) {
    case "sandbox.attached":
      return attach(state, event.data, epoch);
    case "sandbox.lost":
      return detach(state, event.data.sandboxId, "lost");
    case "sandbox.released":
      return detach(state, event.data.sandboxId, "released");
    case "model.requested":
      return request(state, event.data);
    case "model.responded":
      return respond(state, event.data);
    case "policy.decided":
      return decideStep(state, event.data);
    case "step.started":
      return startStep(state, event.data);
    default:
      return commitStep(state, event.data);
  }
}

/** Only work and join have an agent, and it acts after the task has started. */
function agentOf(state: RunState): string | undefined {
  if (state.submitted?.task?.kind === "TASK_KIND_PUBLISH") return "a publishing task has no agent";
  return state.started === undefined ? "the task has not started" : undefined;
}

function startTask(state: RunState, started: events.TaskStarted): Transition {
  if (state.started !== undefined) return "the task has started already";
  if (started.taskId !== state.submitted?.task?.taskId) return `task ${started.taskId} is not that of the log`;
  return { ...state, started };
}

function attach(state: RunState, attached: events.SandboxAttached, epoch: number): Transition {
  if (attached.sandboxId === "") return "a sandbox without id";
  const before = state.sandbox;
  // A new owner may take over the sandbox of the one before it, with what runs there.
  const takenOver = before?.sandboxId === attached.sandboxId && before.epoch < epoch;
  if (before !== undefined && !takenOver) return `sandbox ${before.sandboxId} is attached`;
  // The next step must see, byte for byte, the workspace that the last committed one left.
  if (state.snapshot !== "" && attached.snapshotDigest !== state.snapshot) return "restored from another snapshot";
  return { ...state, sandbox: { ...attached, epoch }, snapshot: attached.snapshotDigest };
}

function detach(state: RunState, sandboxId: string, how: "lost" | "released"): Transition {
  if (state.sandbox?.sandboxId !== sandboxId) return `sandbox ${sandboxId} is not attached`;
  if (how === "released" && openStep(state)?.started !== undefined) return "a step is open in the sandbox";
  return { ...state, sandbox: undefined, sandboxesLost: state.sandboxesLost + (how === "lost" ? 1 : 0) };
}

function request(state: RunState, requested: events.ModelRequested): Transition {
  const last = state.turns.at(-1);
  if (last !== undefined && last.responded === undefined) return `turn ${last.requested.turn} is open`;
  if (openStep(state) !== undefined) return "a step is open";
  if (requested.turn !== state.turns.length + 1) return `turn ${requested.turn} after ${state.turns.length}`;
  if (state.turns.some((t) => t.requested.callId === requested.callId)) return "the call id was used before";
  return { ...state, turns: [...state.turns, { requested, responded: undefined }] };
}

function respond(state: RunState, responded: events.ModelResponded): Transition {
  const last = state.turns.at(-1);
  if (last === undefined || last.responded !== undefined) return "no turn is open";
  if (last.requested.callId !== responded.callId) return "it answers another call";
  const counted: events.Usage = { ...addUsage(noUsage, responded.usage), modelCalls: 1, toolCalls: 0 };
  return {
    ...state,
    turns: [...state.turns.slice(0, -1), { ...last, responded }],
    usage: addUsage(state.usage, counted),
  };
}

function publish(state: RunState, published: events.OutputPublished): Transition {
  if (state.submitted?.task?.kind !== "TASK_KIND_PUBLISH") return "only a publishing task publishes";
  if (state.started === undefined) return "the task has not started";
  const { output } = published;
  if (output === undefined) return "no output";
  if (state.published.some((p) => p.output?.name === output.name)) return `output ${output.name} is published already`;
  return { ...state, published: [...state.published, published] };
}

function complete(state: RunState, { result }: events.RunCompleted): Transition {
  if (state.started === undefined) return "the task has not started";
  if (result?.taskId !== state.started.taskId) return "the result is of another task";
  const last = state.turns.at(-1);
  if (last !== undefined && last.responded === undefined) return `turn ${last.requested.turn} is open`;
  if (openStep(state) !== undefined) return "a step is open";
  if (state.sandbox !== undefined) return `sandbox ${state.sandbox.sandboxId} is attached`;
  return { ...state, status: "completed", result };
}
