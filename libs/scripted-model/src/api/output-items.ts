import type { ResponseOutputItem, ResponseUsage } from "openai/resources/responses/responses";
import { type Answer, isPatchCall } from "../program/answer.ts";
import { canonicalJson } from "./json.ts";
import { derivedId, type ModelRequest } from "./request.ts";

/** The output items of an answer: reasoning, message, calls, in this order. */
export function outputItems(answer: Answer, digest: string): ResponseOutputItem[] {
  const items: ResponseOutputItem[] = [];
  if (answer.reasoning !== undefined) {
    const summary = [{ type: "summary_text" as const, text: answer.reasoning }];
    items.push({ type: "reasoning", id: derivedId("rs", digest), summary });
  }
  if (answer.text !== undefined) {
    items.push({
      type: "message",
      id: derivedId("msg", digest),
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: answer.text, annotations: [], logprobs: [] }],
    });
  }
  for (const [index, call] of (answer.calls ?? []).entries()) {
    const call_id = derivedId("call", digest, index).slice(0, 29);
    if (isPatchCall(call)) {
      const id = derivedId("apc", digest, index);
      items.push({ type: "apply_patch_call", id, call_id, status: "completed", operation: call.applyPatch });
    } else {
      const id = derivedId("fc", digest, index);
      const args = JSON.stringify(call.arguments);
      items.push({ type: "function_call", id, call_id, status: "completed", name: call.name, arguments: args });
    }
  }
  return items;
}

/** Tokens are counted as bytes of UTF-8 divided by four, rounded up: stated, reproducible, near enough for budgets. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/**
 * Input: the canonical JSON of instructions, tools and input. Output: text, arguments and patches as they are.
 * Nothing is ever reported as cached.
 */
export function usageOf(request: ModelRequest, items: readonly ResponseOutputItem[]): ResponseUsage {
  const { instructions, tools, input } = request;
  const input_tokens = tokensOf(canonicalJson({ instructions, tools, input }));
  const reasoning_tokens = items.filter((item) => item.type === "reasoning").reduce(sumTokens, 0);
  const output_tokens = items.reduce(sumTokens, 0);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens },
    total_tokens: input_tokens + output_tokens,
  };
}

const sumTokens = (sum: number, item: ResponseOutputItem): number => sum + tokensOf(spoken(item));

/** What of an item the model had to say. */
export function spoken(item: ResponseOutputItem): string {
  if (item.type === "reasoning") return item.summary.map((part) => part.text).join("");
  if (item.type === "message") {
    return item.content.map((part) => (part.type === "output_text" ? part.text : part.refusal)).join("");
  }
  if (item.type === "function_call") return item.name + item.arguments;
  if (item.type === "apply_patch_call")
    return item.operation.path + ("diff" in item.operation ? item.operation.diff : "");
  return canonicalJson(item);
}
