import { isObject } from "../api/json.ts";
import type { JsonObject } from "../program/conversation.ts";

/** The last state of the response that a body tells of: a JSON response, or the last event that carries one. */
export function finalResponse(body: string, contentType: string): JsonObject | undefined {
  if (!contentType.startsWith("text/event-stream")) return responseIn(parse(body));
  return body
    .split(/\r?\n\r?\n/)
    .map((block) => {
      const data = block
        .split(/\r?\n/)
        .flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trimStart()] : []));
      const event = parse(data.join("\n"));
      return isObject(event) ? responseIn(event["response"]) : undefined;
    })
    .findLast((response) => response !== undefined);
}

const responseIn = (value: unknown): JsonObject | undefined =>
  isObject(value) && value["object"] === "response" ? value : undefined;

/** A connection may have broken within an event; such a piece tells nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
