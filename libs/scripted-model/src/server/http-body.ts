import type { IncomingMessage, ServerResponse } from "node:http";
import { ScriptedModelError } from "../errors.ts";

/** Conversations with images grow; more than this is a mistake. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** @throws ScriptedModelError `request_too_large` */
export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) {
      throw new ScriptedModelError({ code: "request_too_large", message: `The body exceeds ${MAX_BODY_BYTES} bytes.` });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** @throws ScriptedModelError `invalid_json` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ScriptedModelError({
      code: "invalid_json",
      message: "We could not parse the JSON body of your request.",
      cause,
    });
  }
}

export function sendJson(reply: ServerResponse, status: number, body: unknown): void {
  reply.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}

export function sendError(reply: ServerResponse, error: unknown): void {
  const known =
    error instanceof ScriptedModelError
      ? error
      : new ScriptedModelError({
          code: "server_error",
          message: "The server had an error while processing your request.",
        });
  if (reply.headersSent) reply.destroy();
  else sendJson(reply, known.status, known.toBody());
}
