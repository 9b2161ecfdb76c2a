import type { WatchedEvent } from "@cofferdam/client";
import type { LogEvent } from "@cofferdam/run-log";
import { describeToolCall } from "../progress/tool-call.ts";
import { bytes, count, counted, duration } from "./quantity.ts";
import { printable } from "./text.ts";

/** An event in one line for people; undefined for those that only machines need. */
export function eventLine(event: WatchedEvent): string | undefined {
  const { taskId, envelope } = event;
  const words = taskId === undefined ? runWords(event) : taskWords(event);
  return words && `${envelope.time.slice(11, 19)} ${(taskId ?? "run").padEnd(7)} ${words}`;
}

function runWords(event: LogEvent): string | undefined {
  switch (event.type) {
    case "run.submitted":
      return `${printable(event.data.manifestName)} submitted by ${printable(event.data.principal)}, model ${printable(event.data.model)}`;
    case "input.pinned": {
      const { input } = event.data;
      return (
        input && `input ${printable(input.name)} pinned: ${counted(input.files, "file")}, ${bytes(input.sizeBytes)}`
      );
    }
    case "run.planned":
      return `planned: ${counted(event.data.tasks.length, "task")}`;
    case "task.failed":
      return `task ${event.data.taskId} failed: ${printable(event.data.failure?.message ?? "")}`;
    case "command.accepted":
      return `${printable(event.data.command)} accepted from ${printable(event.data.principal)}`;
    default:
      return endWords(event);
  }
}

function taskWords(event: LogEvent): string | undefined {
  switch (event.type) {
    case "run.submitted":
      return undefined;
    case "run.claimed":
      return event.data.epoch > 1 ? `taken over by another worker, epoch ${event.data.epoch}` : undefined;
    case "task.started":
      return event.data.itemPath === "" ? "started" : `started: ${printable(event.data.itemPath)}`;
    case "sandbox.attached": {
      const { tier, readyMs, snapshotDigest } = event.data;
      const from = snapshotDigest === "" ? "" : `, from checkpoint ${shortDigest(snapshotDigest)}`;
      return `sandbox ready in ${duration(readyMs)} (${printable(tier)})${from}`;
    }
    case "sandbox.lost":
      return `sandbox lost: ${printable(event.data.reason)}`;
    case "policy.decided":
      return event.data.decision === "DECISION_DENY"
        ? `step ${event.data.step} denied: ${printable(event.data.reason)}`
        : undefined;
    case "step.started": {
      const { step, attempt, tool } = event.data;
      const again = attempt > 1 ? ` (again, from its checkpoint)` : "";
      return `step ${step}${again}: ${describeToolCall(tool, event.data.arguments)}`;
    }
    case "step.committed": {
      const { step, exitCode, durationMs, written, removed, limit } = event.data;
      const facts = [
        exitCode === undefined ? "" : `exit ${exitCode}`,
        duration(durationMs),
        written.length > 0 ? `${count(written.length)} written` : "",
        removed.length > 0 ? `${count(removed.length)} removed` : "",
        limit === "" ? "" : `${printable(limit)} limit`,
      ];
      return `step ${step} committed: ${facts.filter((fact) => fact !== "").join(", ")}`;
    }
    case "output.published": {
      const { output } = event.data;
      return output && `output ${printable(output.name)} published: ${counted(output.files.length, "file")}`;
    }
    default:
      return endWords(event);
  }
}

function endWords(event: LogEvent): string | undefined {
  switch (event.type) {
    case "run.completed":
      return "completed";
    case "run.failed":
      return `failed: ${printable(event.data.failure?.message ?? "")}`;
    case "run.cancelled":
      return `cancelled: ${printable(event.data.reason)}`;
    default:
      return undefined;
  }
}

const shortDigest = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 12);
