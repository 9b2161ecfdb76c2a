import type { Answer, Call } from "./answer.ts";
import type { ExecOutput } from "./exec-output.ts";

/** A JSON object that nobody has looked into yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A tool that the request offers. Hosted tools have no name, only a type. */
export interface OfferedTool {
  readonly type: string;
  readonly name: string;
}

/** What came back for one call. */
export interface ToolResult {
  readonly callId: string;
  readonly call: Call;
  /** The result text, whole. For images the placeholder `[image]`. */
  readonly text: string;
  /** Set when the text is that of `exec_command`. */
  readonly exec: ExecOutput | undefined;
  /** Exit code 0, patch applied, or a result of another tool. */
  readonly ok: boolean;
}

/** One earlier answer of the model and what its calls gave. */
export interface Turn {
  readonly text: string;
  readonly calls: readonly Call[];
  /** In the order of `calls`; shorter while results are missing. */
  readonly results: readonly ToolResult[];
}

export interface Message {
  readonly role: "user" | "system" | "developer";
  readonly text: string;
}

/** All that a program gets to see: the request, read. Programs are functions of this and of nothing else. */
export interface Conversation {
  readonly model: string;
  readonly instructions: string;
  readonly tools: readonly OfferedTool[];
  /** What was said to the model, oldest first. */
  readonly messages: readonly Message[];
  /** What the model said before, oldest first. */
  readonly turns: readonly Turn[];
  /** Results of the last turn's calls; empty at the start. */
  readonly lastToolResults: readonly ToolResult[];
  /** The items of the request as they came. */
  readonly input: readonly JsonObject[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model: same conversation, same answer. */
export type Program = (conversation: Conversation) => Answer | Promise<Answer>;
