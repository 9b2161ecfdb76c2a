import type { events } from "@cofferdam/contracts";
import { printable } from "./text.ts";

/** What a task is about: its item, or the part it plays. */
export function taskSubject(kind: events.TaskKind, itemPath: string): string {
  if (kind === "TASK_KIND_JOIN") return "all results";
  if (kind === "TASK_KIND_PUBLISH") return "outputs";
  return itemPath === "" ? "whole workspace" : printable(itemPath);
}
