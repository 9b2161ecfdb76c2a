import type { ResponseOutputItem, ResponseUsage } from "openai/resources/responses/responses";
import { checkAnswer } from "../api/check-answer.ts";
import { outputItems, usageOf } from "../api/output-items.ts";
import { readConversation } from "../api/read-conversation.ts";
import type { ModelRequest } from "../api/request.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import type { Program } from "../program/conversation.ts";
import { SCRIPT_PREFIX, type ScriptLoader } from "./script-loader.ts";

export interface Generated {
  readonly output: readonly ResponseOutputItem[];
  readonly usage: ResponseUsage;
}

/** A request that can be answered: its model is known, its conversation is sound. */
export interface PreparedAnswer {
  /** What `response.model` says; it always begins with `scripted:`. */
  readonly modelName: string;
  generate(): Promise<Generated>;
}

/** Where answers come from: programs, or a tape. */
export interface AnswerSource {
  /** @throws ScriptedModelError when the request must be refused; nothing has been generated then. */
  prepare(request: ModelRequest, digest: string): Promise<PreparedAnswer>;
  models(): readonly string[];
}

/** Answers from programs: registered under a name, or named by their path. */
export class ProgramSource implements AnswerSource {
  readonly #named: ReadonlyMap<string, Program | string>;
  readonly #loader: ScriptLoader;

  constructor(named: Readonly<Record<string, Program | string>>, loader: ScriptLoader) {
    this.#named = new Map(Object.entries(named));
    this.#loader = loader;
  }

  models(): readonly string[] {
    return [...this.#named.keys()].map((name) => SCRIPT_PREFIX + name);
  }

  async prepare(request: ModelRequest, digest: string): Promise<PreparedAnswer> {
    const name = request.model.startsWith(SCRIPT_PREFIX) ? request.model.slice(SCRIPT_PREFIX.length) : request.model;
    const program = await this.#program(name, request.model);
    const conversation = readConversation(request);
    return {
      modelName: SCRIPT_PREFIX + name,
      generate: async () => {
        const answer = checkAnswer(await play(program, conversation), conversation.tools);
        const output = outputItems(answer, digest);
        return { output, usage: usageOf(request, output) };
      },
    };
  }

  async #program(name: string, model: string): Promise<Program> {
    const named = this.#named.get(name);
    if (typeof named === "function") return named;
    if (named !== undefined) return this.#loader.load(named);
    if (model.startsWith(SCRIPT_PREFIX) && name.startsWith("/")) return this.#loader.load(name);
    throw new ScriptedModelError({
      code: "model_not_found",
      message: `The model '${model}' does not exist here. Ask for scripted:<absolute path of a program> or a registered name (${this.models().join(", ") || "there is none"}).`,
      param: "model",
    });
  }
}

async function play(program: Program, conversation: Parameters<Program>[0]): Promise<unknown> {
  try {
    return await program(conversation);
  } catch (cause) {
    if (cause instanceof ScriptedModelError) throw cause;
    throw new ScriptedModelError({ code: "script_failed", message: `The program failed: ${reasonOf(cause)}`, cause });
  }
}
