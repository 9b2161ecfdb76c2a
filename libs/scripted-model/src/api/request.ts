import { createHash } from "node:crypto";
import { ScriptedModelError } from "../errors.ts";
import type { JsonObject } from "../program/conversation.ts";
import { canonicalJson, isObject, isString } from "./json.ts";

/** `POST /v1/responses`, read and checked. */
export interface ModelRequest {
  readonly model: string;
  readonly instructions: string | null;
  readonly input: readonly JsonObject[];
  readonly tools: readonly JsonObject[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly stream: boolean;
  readonly background: boolean;
  readonly store: boolean;
  readonly previousResponseId: string | null;
  /** The body as it came. */
  readonly body: JsonObject;
}

/** @throws ScriptedModelError `invalid_request` naming the parameter at fault. */
export function readRequest(body: unknown): ModelRequest {
  if (!isObject(body)) throw invalid("The body must be a JSON object.");
  if (!isString(body["model"]) || body["model"] === "") throw invalid("Missing required parameter: 'model'.", "model");
  const background = flag(body, "background", false);
  const store = flag(body, "store", true);
  if (background && !store) throw invalid("Background mode requires 'store' to be true.", "background");
  return {
    model: body["model"],
    instructions: optionalString(body, "instructions"),
    input: readInput(body["input"]),
    tools: readObjects(body["tools"] ?? [], "tools"),
    metadata: readMetadata(body["metadata"] ?? {}),
    stream: flag(body, "stream", false),
    background,
    store,
    previousResponseId: optionalString(body, "previous_response_id"),
    body,
  };
}

/**
 * Digest of what the answer depends on: model, instructions, tools and input. How the answer travels (stream,
 * background, store) and what labels it (metadata) do not count.
 */
export function requestDigest(request: Pick<ModelRequest, "model" | "instructions" | "tools" | "input">): string {
  const { model, instructions, tools, input } = request;
  return createHash("sha256").update(canonicalJson({ model, instructions, tools, input })).digest("hex");
}

/** Ids are cut from the digest, so that the same request is answered with the same ids. */
export const derivedId = (prefix: string, digest: string, ...parts: readonly (string | number)[]): string =>
  `${prefix}_${createHash("sha256")
    .update([prefix, digest, ...parts].join(" "))
    .digest("hex")
    .slice(0, 48)}`;

function readInput(input: unknown): readonly JsonObject[] {
  if (isString(input)) return [{ type: "message", role: "user", content: input }];
  if (input === undefined || input === null) throw invalid("Missing required parameter: 'input'.", "input");
  return readObjects(input, "input");
}

function readObjects(value: unknown, param: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw invalid(`Invalid type for '${param}': expected an array.`, param);
  return value.map((item: unknown, index) => {
    if (!isObject(item))
      throw invalid(`Invalid type for '${param}[${index}]': expected an object.`, `${param}[${index}]`);
    return item;
  });
}

function readMetadata(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) throw invalid("Invalid type for 'metadata': expected an object.", "metadata");
  const entries = Object.entries(value);
  if (entries.length > 16) throw invalid("Invalid 'metadata': at most 16 pairs are allowed.", "metadata");
  return Object.fromEntries(
    entries.map(([key, item]) => {
      if (!isString(item)) throw invalid(`Invalid type for 'metadata.${key}': expected a string.`, `metadata.${key}`);
      return [key, item];
    }),
  );
}

function flag(body: JsonObject, name: string, otherwise: boolean): boolean {
  const value = body[name] ?? otherwise;
  if (typeof value !== "boolean") throw invalid(`Invalid type for '${name}': expected a boolean.`, name);
  return value;
}

function optionalString(body: JsonObject, name: string): string | null {
  const value = body[name] ?? null;
  if (value !== null && !isString(value)) throw invalid(`Invalid type for '${name}': expected a string.`, name);
  return value;
}

const invalid = (message: string, param?: string): ScriptedModelError =>
  new ScriptedModelError({ code: "invalid_request", message, ...(param === undefined ? {} : { param }) });
