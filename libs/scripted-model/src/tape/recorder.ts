import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isObject, isString } from "../api/json.ts";
import { type ModelRequest, readRequest } from "../api/request.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import type { JsonObject } from "../program/conversation.ts";
import { parseJson, readBody } from "../server/http-body.ts";
import { finalResponse } from "./final-response.ts";
import { appendToTape, tapeDigest } from "./tape.ts";

export interface Upstream {
  /** As in `OPENAI_BASE_URL`: with `/v1`. */
  readonly baseUrl: string;
  /** Sent in place of what the client sent. */
  readonly apiKey: string;
}

interface Pending {
  readonly request: ModelRequest;
  readonly startedAt: number;
}

/**
 * Passes requests on to a real provider and writes finished answers to a tape. An answer is read to its end even when
 * the client has gone: it is paid for. A background answer is written when somebody reads its end.
 */
export class Recorder {
  readonly #tape: string;
  readonly #upstream: Upstream;
  readonly #pending = new Map<string, Pending>();
  /** Input and output by response id, for `previous_response_id`. */
  readonly #history = new Map<string, readonly JsonObject[]>();

  constructor(tape: string, upstream: Upstream) {
    this.#tape = tape;
    this.#upstream = upstream;
  }

  async handle(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").replace(/^\/v1(?=\/)/, "");
    const body = await readBody(request);
    const asks = request.method === "POST" && path === "/responses";
    const asked = asks ? this.#withHistory(readRequest(parseJson(body))) : undefined;
    const startedAt = Date.now();
    const answer = await this.#send(request, path, body);
    reply.writeHead(answer.status, passedOn(answer.headers));
    const text = await pump(answer, reply);
    const response = finalResponse(text, answer.headers.get("content-type") ?? "");
    const id = response?.["id"];
    if (response !== undefined && isString(id)) {
      if (asked !== undefined) this.#pending.set(id, { request: asked, startedAt });
      await this.#record(id, response);
    }
    // Last, so that a client that has the whole answer can rely on the tape.
    reply.end();
  }

  async #record(id: string, response: JsonObject): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined || (response["status"] !== "completed" && response["status"] !== "incomplete")) return;
    this.#pending.delete(id);
    const { model, instructions, tools, input } = pending.request;
    const request = { model, instructions, tools, input };
    const output = Array.isArray(response["output"]) ? response["output"].filter(isObject) : [];
    this.#history.set(id, [...input, ...output]);
    await appendToTape(this.#tape, {
      version: 1,
      digest: tapeDigest(request),
      recordedAt: new Date(pending.startedAt).toISOString(),
      durationMs: Date.now() - pending.startedAt,
      request,
      response,
    });
  }

  #withHistory(request: ModelRequest): ModelRequest {
    const before = request.previousResponseId === null ? undefined : this.#history.get(request.previousResponseId);
    return before === undefined ? request : { ...request, input: [...before, ...request.input] };
  }

  async #send(request: IncomingMessage, path: string, body: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#upstream.apiKey}`, "content-type": "application/json" };
    const method = request.method ?? "GET";
    try {
      return await fetch(this.#upstream.baseUrl.replace(/\/$/, "") + path, {
        method,
        headers,
        ...(body === "" ? {} : { body }),
      });
    } catch (cause) {
      const message = `Asking the provider at ${this.#upstream.baseUrl}: ${reasonOf(cause)}.`;
      throw new ScriptedModelError({ code: "upstream_unreachable", message, cause });
    }
  }
}

/** Gives what comes to the client for as long as it is there, and returns all of it. Does not end the reply. */
async function pump(answer: Response, reply: ServerResponse): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of answer.body ?? []) {
    pieces.push(piece);
    if (!reply.writable || reply.write(piece)) continue;
    await Promise.race([once(reply, "drain"), once(reply, "close")]);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** What a client needs of the provider's headers; the body comes decoded. */
function passedOn(headers: Headers): Record<string, string> {
  const names = ["content-type", "retry-after", "retry-after-ms", "x-request-id", "x-should-retry"];
  const passed = names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(passed), "x-cofferdam-recorded": "1" };
}
