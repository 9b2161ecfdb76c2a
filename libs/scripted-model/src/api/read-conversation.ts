import { ScriptedModelError } from "../errors.ts";
import type { Call, PatchOperation } from "../program/answer.ts";
import type { Conversation, JsonObject, Message, ToolResult, Turn } from "../program/conversation.ts";
import { parseExecOutput } from "../program/exec-output.ts";
import { isObject, isString } from "./json.ts";
import type { ModelRequest } from "./request.ts";

interface OpenTurn {
  text: string;
  readonly calls: { readonly id: string; readonly call: Call }[];
  readonly results: Map<string, ToolResult>;
}

/**
 * Reads the items of a request as messages and turns. A turn is what the model said between two lots of results.
 *
 * @throws ScriptedModelError `invalid_request` when a result has no call, or a call before the last turn has no result.
 */
export function readConversation(
  request: Omit<ModelRequest, "stream" | "background" | "store" | "body">,
): Conversation {
  const messages: Message[] = [];
  const turns: OpenTurn[] = [];
  let speaking = false;
  const turn = (): OpenTurn => {
    const open = speaking ? turns.at(-1) : undefined;
    if (open !== undefined) return open;
    const next: OpenTurn = { text: "", calls: [], results: new Map() };
    turns.push(next);
    speaking = true;
    return next;
  };
  for (const [index, item] of request.input.entries()) {
    const type = item["type"] ?? "message";
    if (type === "message" && item["role"] === "assistant") {
      turn().text += contentText(item["content"]);
    } else if (type === "message") {
      messages.push({ role: roleOf(item["role"], index), text: contentText(item["content"]) });
      speaking = false;
    } else if (type === "function_call" || type === "apply_patch_call") {
      turn().calls.push({ id: callId(item, index), call: readCall(item, index) });
    } else if (type === "reasoning") {
      turn();
    } else if (type === "function_call_output" || type === "apply_patch_call_output") {
      takeResult(turns, item, index);
      speaking = false;
    }
  }
  const read = turns.map(close);
  return {
    model: request.model,
    instructions: request.instructions ?? "",
    tools: request.tools.map((tool) => ({ type: String(tool["type"]), name: String(tool["name"] ?? tool["type"]) })),
    messages,
    turns: read,
    lastToolResults: speaking ? [] : (read.at(-1)?.results ?? []),
    input: request.input,
    metadata: request.metadata,
  };
}

function takeResult(turns: readonly OpenTurn[], item: JsonObject, index: number): void {
  const id = callId(item, index);
  const owner = turns.findLast((turn) => turn.calls.some((call) => call.id === id));
  const call = owner?.calls.find((each) => each.id === id)?.call;
  if (owner === undefined || call === undefined) {
    throw invalid(`No tool call found for the output with call_id ${id}.`, index);
  }
  const text = contentText(item["output"]);
  const exec = "name" in call && call.name === "exec_command" ? parseExecOutput(text) : undefined;
  const ok = item["status"] !== "failed" && (exec === undefined || exec.exitCode === 0);
  owner.results.set(id, { callId: id, call, text, exec, ok });
}

function close(turn: OpenTurn, index: number): Turn {
  const missing = turn.calls.find((call) => !turn.results.has(call.id));
  if (missing !== undefined) {
    throw new ScriptedModelError({
      code: "invalid_request",
      message: `No tool output found for the call ${missing.id} of turn ${index + 1}.`,
      param: "input",
    });
  }
  const results = turn.calls.map((call) => turn.results.get(call.id)).filter((result) => result !== undefined);
  return { text: turn.text, calls: turn.calls.map((call) => call.call), results };
}

function readCall(item: JsonObject, index: number): Call {
  if (item["type"] === "apply_patch_call") return { applyPatch: readOperation(item["operation"], index) };
  if (!isString(item["name"]) || !isString(item["arguments"])) {
    throw invalid("A function_call needs 'name' and 'arguments'.", index);
  }
  return { name: item["name"], arguments: readArguments(item["arguments"], index) };
}

function readArguments(text: string, index: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid("The arguments of a function_call are not JSON.", index, cause);
  }
  if (!isObject(value)) throw invalid("The arguments of a function_call must be a JSON object.", index);
  return value;
}

/** @throws ScriptedModelError `invalid_request` */
export function readOperation(value: unknown, index: number): PatchOperation {
  if (isObject(value) && isString(value["path"])) {
    const { type, path, diff } = value;
    if (type === "delete_file") return { type, path };
    if ((type === "create_file" || type === "update_file") && isString(diff)) return { type, path, diff };
  }
  throw invalid("An apply_patch_call needs an operation with type, path and diff.", index);
}

function contentText(content: unknown): string {
  if (isString(content)) return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: unknown) => partText(part)).join("");
}

function partText(part: unknown): string {
  if (!isObject(part)) return "";
  if (part["type"] === "input_image") return "[image]";
  return isString(part["text"]) ? part["text"] : "";
}

function roleOf(role: unknown, index: number): Message["role"] {
  if (role === "user" || role === "system" || role === "developer") return role;
  throw invalid(`Invalid role: ${JSON.stringify(role)}.`, index);
}

function callId(item: JsonObject, index: number): string {
  if (!isString(item["call_id"])) throw invalid(`Missing required parameter: 'input[${index}].call_id'.`, index);
  return item["call_id"];
}

const invalid = (message: string, index: number, cause?: unknown): ScriptedModelError =>
  new ScriptedModelError({ code: "invalid_request", message, param: `input[${index}]`, cause });
