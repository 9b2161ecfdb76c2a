import { createHash } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { canonicalJson, isObject, isString } from "../api/json.ts";
import type { ModelRequest } from "../api/request.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import type { JsonObject } from "../program/conversation.ts";
import { parseExecOutput } from "../program/exec-output.ts";

/**
 * One answered request: a line of a tape. Tapes hold whole conversations, so they are as confidential as what was said;
 * headers and keys are never written.
 */
export interface TapeEntry {
  readonly version: 1;
  readonly digest: string;
  readonly recordedAt: string;
  readonly durationMs: number;
  /** What the digest is over. */
  readonly request: Asked;
  /** The finished response, as the provider sent it. */
  readonly response: JsonObject;
}

/** The part of a request that its answer depends on. */
export type Asked = Pick<ModelRequest, "model" | "instructions" | "tools" | "input">;

/**
 * The key of a tape. Chunk id and wall time of `exec_command` results differ from run to run and mean nothing, so they
 * do not count; everything else does.
 */
export function tapeDigest(asked: Asked): string {
  const { model, instructions, tools, input } = asked;
  const lasting = canonicalJson({ model, instructions, tools, input: input.map(withoutClock) });
  return createHash("sha256").update(lasting).digest("hex");
}

export function withoutClock(item: JsonObject): JsonObject {
  if (item["type"] !== "function_call_output" || !isString(item["output"])) return item;
  const exec = parseExecOutput(item["output"]);
  return exec === undefined ? item : { ...item, output: { ...exec, chunkId: "", wallTimeSeconds: 0 } };
}

/** Written in one go, so that two recordings never mix within a line. */
export async function appendToTape(path: string, entry: TapeEntry): Promise<void> {
  await appendFile(path, `${JSON.stringify(entry)}\n`);
}

/** @throws ScriptedModelError `tape_unreadable` naming the line */
export async function readTape(path: string): Promise<TapeEntry[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause);
  }
  return text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => parseEntry(line, path, number));
}

function parseEntry(line: string, path: string, number: number): TapeEntry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw unreadable(path, `line ${number} is not JSON`, cause);
  }
  if (!isEntry(value)) throw unreadable(path, `line ${number} is no entry of a version 1 tape`);
  return value;
}

function isEntry(value: unknown): value is TapeEntry {
  if (!isObject(value) || value["version"] !== 1 || !isString(value["digest"])) return false;
  const { request, response } = value;
  return (
    isObject(request) && Array.isArray(request["input"]) && isObject(response) && Array.isArray(response["output"])
  );
}

const unreadable = (path: string, why: string, cause?: unknown): ScriptedModelError =>
  new ScriptedModelError({ code: "tape_unreadable", message: `Reading the tape ${path}: ${why}.`, cause });
