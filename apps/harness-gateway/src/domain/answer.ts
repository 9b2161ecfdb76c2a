import type { ToolCall } from "./tools.ts";

/** What a Responses API `response` object asks for, as far as the loop needs it. */
export interface Answer {
  /** Text of the last message; empty if there is none. */
  readonly text: string;
  readonly calls: readonly ToolCall[];
  /** Set when the provider cut the answer short: `max_output_tokens`, `content_filter`, … */
  readonly incomplete: string | undefined;
}

/** A stored response that is not of the Responses API's shape. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const text = (value: unknown, otherwise = ""): string => (typeof value === "string" ? value : otherwise);

export function parseAnswer(response: unknown): Answer {
  const { output, status, incomplete_details: details } = record(response);
  if (!Array.isArray(output)) throw new AnswerError("the response has no output");
  const items = output.map(record);
  return {
    text: items.map(messageText).findLast((words) => words !== "") ?? "",
    calls: items.flatMap(toolCall),
    incomplete: status === "incomplete" ? text(record(details)["reason"], "unknown") : undefined,
  };
}

function messageText(item: Record<string, unknown>): string {
  if (item["type"] !== "message" || !Array.isArray(item["content"])) return "";
  return item["content"]
    .map(record)
    .flatMap((part) => {
      if (part["type"] === "output_text") return [text(part["text"])];
      return part["type"] === "refusal" ? [text(part["refusal"])] : [];
    })
    .join("");
}

function toolCall(item: Record<string, unknown>): ToolCall[] {
  const callId = text(item["call_id"]);
  if (item["type"] === "function_call") {
    return [{ callId, tool: text(item["name"]), arguments: text(item["arguments"], "{}") }];
  }
  if (item["type"] === "apply_patch_call") {
    return [{ callId, tool: "apply_patch", arguments: JSON.stringify(item["operation"] ?? {}) }];
  }
  return [];
}
