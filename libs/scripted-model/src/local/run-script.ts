import { pathToFileURL } from "node:url";
import { checkAnswer } from "../api/check-answer.ts";
import { isObject } from "../api/json.ts";
import { outputItems, usageOf } from "../api/output-items.ts";
import { readConversation } from "../api/read-conversation.ts";
import { type ModelRequest, requestDigest } from "../api/request.ts";
import { ScriptedModelError } from "../errors.ts";
import type { Conversation, JsonObject, Program } from "../program/conversation.ts";
import type { Execute } from "./local-executor.ts";

export interface RunScriptOptions {
  readonly execute: Execute;
  readonly instructions?: string;
  /** The first user message. */
  readonly input?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default: `exec_command`, `view_image` and the hosted `apply_patch`. */
  readonly tools?: readonly JsonObject[];
  /** Default 200. */
  readonly maxTurns?: number;
}

export interface ScriptRun {
  /** The last answer's text. */
  readonly text: string;
  /** The conversation as the program saw it when it gave the last answer. */
  readonly conversation: Conversation;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
}

export const DEFAULT_TOOLS: readonly JsonObject[] = [
  { type: "function", name: "exec_command" },
  { type: "function", name: "view_image" },
  { type: "apply_patch" },
];

/**
 * Drives a program to the end of its conversation without network or server: the same reading of requests, the same
 * checks of answers, the same items.
 *
 * @example
 * const run = await runScript(join(import.meta.dirname, "model.mjs"), { execute: localExecutor({ directory }) });
 */
export async function runScript(module: string | Program, options: RunScriptOptions): Promise<ScriptRun> {
  const program = typeof module === "string" ? await importProgram(module) : module;
  const input: JsonObject[] = [{ type: "message", role: "user", content: options.input ?? "" }];
  let inputTokens = 0;
  let outputTokens = 0;
  for (let turn = 0; turn < (options.maxTurns ?? 200); turn += 1) {
    const request = requestOf(options, input);
    const conversation = readConversation(request);
    const answer = checkAnswer(await program(conversation), conversation.tools);
    const items = outputItems(answer, requestDigest(request));
    const usage = usageOf(request, items);
    inputTokens += usage.input_tokens;
    outputTokens += usage.output_tokens;
    const calls = answer.calls ?? [];
    if (calls.length === 0) return { text: answer.text ?? "", conversation, usage: { inputTokens, outputTokens } };
    input.push(...items.map((item): JsonObject => ({ ...item })));
    const callItems = items.filter((item) => item.type === "function_call" || item.type === "apply_patch_call");
    for (const [index, item] of callItems.entries()) {
      const call = calls[index];
      if (call === undefined) break;
      const { text, status } = await options.execute(call);
      input.push(
        item.type === "function_call"
          ? { type: "function_call_output", call_id: item.call_id, output: text }
          : { type: "apply_patch_call_output", call_id: item.call_id, status: status ?? "completed", output: text },
      );
    }
  }
  throw new ScriptedModelError({
    code: "script_failed",
    message: `The program did not end in ${options.maxTurns ?? 200} turns.`,
  });
}

function requestOf(options: RunScriptOptions, input: readonly JsonObject[]): ModelRequest {
  return {
    model: "scripted:local",
    instructions: options.instructions ?? "",
    input: JSON.parse(JSON.stringify(input)) as readonly JsonObject[],
    tools: options.tools ?? DEFAULT_TOOLS,
    metadata: options.metadata ?? {},
    stream: false,
    background: false,
    store: true,
    previousResponseId: null,
    body: {},
  };
}

async function importProgram(path: string): Promise<Program> {
  const module: unknown = await import(pathToFileURL(path).href);
  const program =
    isObject(module) || typeof module === "object" ? (module as { default?: unknown }).default : undefined;
  if (typeof program === "function") return program as Program;
  throw new ScriptedModelError({
    code: "script_not_loadable",
    message: `${path} has no function as its default export.`,
  });
}
