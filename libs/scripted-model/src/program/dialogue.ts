import { isDeepStrictEqual } from "node:util";
import { ScriptedModelError } from "../errors.ts";
import { type Answer, createFile, type ExecOptions, execCommand, updateFile } from "./answer.ts";
import type { Conversation, Program, ToolResult } from "./conversation.ts";
import type { ExecOutput } from "./exec-output.ts";

/** What a dialogue yields and gets: an answer with calls, then their results. Its return value is the last text. */
export type Dialogue<T> = Generator<Answer, T, readonly ToolResult[]>;

/**
 * A program written from top to bottom. The dialogue is played again from its start for every request, fed with the
 * results in the conversation, so the server keeps no state and a retry gets the same answer. It must therefore be
 * deterministic; an answer that differs from the one in the conversation is the error `script_diverged`.
 *
 * @example
 * export default dialogue(function* (conversation) {
 *   const listing = yield* run("ls inputs");
 *   if (listing.output === "") return "There is nothing to do.";
 *   yield* write("out/names.txt", listing.output);
 *   return `Wrote ${listing.output.split("\n").length - 1} names.`;
 * });
 */
export function dialogue(play: (conversation: Conversation) => Dialogue<string>): Program {
  return (conversation) => {
    const playing = play(conversation);
    let step = playing.next([]);
    for (const [index, turn] of conversation.turns.entries()) {
      if (step.done === true) break;
      if (!isDeepStrictEqual(plain(step.value.calls ?? []), plain(turn.calls))) throw diverged(index);
      step = playing.next(turn.results);
    }
    return step.done === true ? { text: step.value } : step.value;
  };
}

/** Runs a command and gives what it printed. */
export function* run(cmd: string, options: ExecOptions & { readonly text?: string } = {}): Dialogue<ExecOutput> {
  const { text, ...exec } = options;
  const [result] = yield { ...(text === undefined ? {} : { text }), calls: [execCommand(cmd, exec)] };
  return result?.exec ?? notRun(result?.text ?? "no result");
}

/** Creates a file. */
export function* write(path: string, content: string, text?: string): Dialogue<ToolResult | undefined> {
  const [result] = yield { ...(text === undefined ? {} : { text }), calls: [createFile(path, content)] };
  return result;
}

/** Changes a file by a V4A diff. */
export function* patch(path: string, diff: string, text?: string): Dialogue<ToolResult | undefined> {
  const [result] = yield { ...(text === undefined ? {} : { text }), calls: [updateFile(path, diff)] };
  return result;
}

/** A command that was refused did not run: exit code 126, as a shell says of what it may not execute. */
const notRun = (text: string): ExecOutput => ({
  chunkId: "",
  wallTimeSeconds: 0,
  exitCode: 126,
  sessionId: null,
  originalTokenCount: null,
  output: text,
});

/** Undefined fields do not survive JSON, so they may not count as a difference. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const diverged = (index: number): ScriptedModelError =>
  new ScriptedModelError({
    code: "script_diverged",
    message:
      `Replaying the dialogue, turn ${index + 1} asks for other calls than the conversation holds: ` +
      "the program is not deterministic, or it was changed while a run was under way. Start a new run.",
  });
