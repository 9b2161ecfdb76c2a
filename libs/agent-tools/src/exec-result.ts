import { createHash } from "node:crypto";

/** How a command ended, in the words of the sandbox broker. */
export interface CommandResult {
  readonly execId: string;
  readonly output: string;
  readonly exitCode: number | undefined;
  readonly signal: number;
  /** Limit that ended it; empty if none. */
  readonly limit: string;
  readonly durationMs: number;
}

/** Tokens of output that a model gets when it does not say. */
export const DEFAULT_OUTPUT_TOKENS = 10_000;
const BYTES_PER_TOKEN = 4;

/**
 * The result text of `exec_command` in the form that models are tuned on (OpenAI Agents SDK). The chunk id derives from
 * the execution, so that a replayed step tells the model the same.
 */
export function renderCommandResult(result: CommandResult, maxTokens: number = DEFAULT_OUTPUT_TOKENS): string {
  const { text, originalTokens } = truncate(result.output, maxTokens);
  return [
    `Chunk ID: ${createHash("sha256").update(result.execId).digest("hex").slice(0, 6)}`,
    `Wall time: ${(result.durationMs / 1_000).toFixed(4)} seconds`,
    `Process exited with code ${exitStatus(result)}`,
    ...(result.limit === "" ? [] : [`Process was killed: it reached its limit on ${result.limit}`]),
    ...(originalTokens === undefined ? [] : [`Original token count: ${originalTokens}`]),
    "Output:",
    text,
  ].join("\n");
}

/** A signal is reported as shells do: 128 and its number. */
export const exitStatus = (result: Pick<CommandResult, "exitCode" | "signal">): number =>
  result.exitCode ?? 128 + result.signal;

/** Keeps head and tail, about four bytes a token, cutting at line ends where one is near. */
export function truncate(text: string, maxTokens: number): { text: string; originalTokens: number | undefined } {
  const bytes = Buffer.from(text);
  const budget = Math.max(1, Math.floor(maxTokens)) * BYTES_PER_TOKEN;
  if (bytes.length <= budget) return { text, originalTokens: undefined };
  const half = Math.floor(budget / 2);
  const head = trimPartial(bytes.subarray(0, half).toString("utf8"));
  const tail = trimPartial(bytes.subarray(bytes.length - half).toString("utf8"));
  const dropped = Math.round((bytes.length - 2 * half) / BYTES_PER_TOKEN);
  return {
    text: `${head}…${dropped} tokens truncated…${tail}`,
    originalTokens: Math.ceil(bytes.length / BYTES_PER_TOKEN),
  };
}

/** A cut through a character leaves U+FFFD at the cut. */
const trimPartial = (text: string): string => text.replace(/^\uFFFD+|\uFFFD+$/g, "");
