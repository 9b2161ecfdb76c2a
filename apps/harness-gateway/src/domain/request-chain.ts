import { exitStatus } from "@cofferdam/agent-tools";
import type { events } from "@cofferdam/contracts";
import { canonicalJson, type Step } from "@cofferdam/run-log";
import type { ToolCall } from "./tools.ts";

/**
 * A model request as it is stored: a link that names the link before it and adds what is new, so that a task of n turns
 * stores n additions and not n transcripts. Resolving the chain gives exactly the body that was sent.
 */
export interface RequestLink {
  /** Absent in the first link. */
  readonly previous?: events.BlobRef;
  /** Only in the first link. */
  readonly head?: RequestHead;
  readonly append: readonly RequestItem[];
}

/** What stays the same over all turns of a task. */
export interface RequestHead {
  readonly model: string;
  readonly instructions: string;
  readonly tools: readonly object[];
}

/** An input item, or all output items of a stored response. */
export type RequestItem = { readonly item: object } | { readonly response: events.BlobRef };

export const encodeLink = (link: RequestLink): Uint8Array => Buffer.from(canonicalJson(link));

export class RequestChainError extends Error {
  override readonly name = "RequestChainError";
}

export function decodeLink(bytes: Uint8Array): RequestLink {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const ok =
    typeof value === "object" &&
    value !== null &&
    "append" in value &&
    Array.isArray(value.append) &&
    "head" in value !== "previous" in value;
  if (!ok) throw new RequestChainError("a stored model request is not a link of a chain");
  return value as RequestLink;
}

/** What the model is told about a tool call that was carried out. */
export function toolOutputItem(call: ToolCall, committed: events.StepCommitted, output: string): object {
  const failed = exitStatus({ exitCode: committed.exitCode, signal: 0 }) !== 0;
  if (call.tool === "apply_patch") {
    return { type: "apply_patch_call_output", call_id: call.callId, status: failed ? "failed" : "completed", output };
  }
  const image = call.tool === "view_image" && !failed;
  return {
    type: "function_call_output",
    call_id: call.callId,
    output: image ? [{ type: "input_image", image_url: output, detail: "auto" }] : output,
  };
}

/** Steps are numbered over all turns: which of them answered the calls of a turn. */
export function stepsOfTurn(steps: readonly Step[], callsBefore: number, calls: readonly ToolCall[]): readonly Step[] {
  return steps.slice(callsBefore, callsBefore + calls.length);
}
