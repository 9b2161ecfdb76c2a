import type { events } from "@cofferdam/contracts";
import type { RunState } from "../state.ts";
import type { Transition } from "./apply.ts";

/** A message of the inbox is taken into account once. */
export function acceptCommand(state: RunState, command: events.CommandAccepted): Transition {
  if (command.commandId === "") return "a command without id";
  if (state.accepted.has(command.commandId)) return `command ${command.commandId} was accepted before`;
  return {
    ...state,
    accepted: new Set([...state.accepted, command.commandId]),
    cancel: state.cancel ?? (command.command === "cancel" ? command : undefined),
  };
}

export function cancelRun(state: RunState, cancelled: events.RunCancelled): Transition {
  if (state.cancel === undefined) return "nobody asked to cancel";
  return { ...state, status: "cancelled", cancelled };
}
