import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { isObject, isString } from "../api/json.ts";
import { readRequest } from "../api/request.ts";
import { ScriptedModelError } from "../errors.ts";
import type { AnswerSource } from "./answer-source.ts";
import { type Fault, faultFor, type FaultRule, parseFault, parseFaultRule } from "./faults.ts";
import { parseJson, readBody, sendJson } from "./http-body.ts";
import type { ResponseRecord } from "./response-record.ts";
import type { Responses } from "./responses.ts";
import { writeEvents } from "./sse.ts";
import type { StatsCounter } from "./stats.ts";

export interface RouteContext {
  readonly source: AnswerSource;
  readonly responses: Responses;
  readonly stats: StatsCounter;
  readonly faults: FaultRule[];
}

/** Strikes one request: the value is written as in `--fault`, without the request's number. */
export const FAULT_HEADER = "x-cofferdam-scripted-fault";

/** @throws ScriptedModelError when the request must be refused */
export async function route(context: RouteContext, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://scripted.invalid");
  const path = url.pathname.replace(/^\/v1(?=\/)/, "");
  const what = `${request.method} ${path.replace(/\/resp_[^/]+/, "/{id}")}`;
  const id = /\/(resp_[^/]+)/.exec(path)?.[1] ?? "";
  switch (what) {
    case "POST /responses":
      return create(context, request, reply);
    case "GET /responses/{id}":
      return retrieve(context, context.responses.get(id), url.searchParams, reply);
    case "POST /responses/{id}/cancel":
      return cancel(context, context.responses.get(id), reply);
    case "DELETE /responses/{id}":
      context.responses.delete(id);
      return sendJson(reply, 200, { id, object: "response", deleted: true });
    case "GET /models":
      return sendJson(reply, 200, { object: "list", data: context.source.models().map(modelObject) });
    case "GET /_scripted/stats":
      return sendJson(reply, 200, context.stats.read());
    case "PUT /_scripted/faults":
      return armFaults(context, request, reply);
    default:
      throw new ScriptedModelError({
        code: "unknown_url",
        message: `Unknown request URL: ${request.method} ${url.pathname}.`,
      });
  }
}

async function create(context: RouteContext, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  context.stats.posts += 1;
  const fault = faultOf(context, request);
  if (fault !== undefined) context.stats.faults += 1;
  const body = await readBody(request);
  if (fault?.kind === "status") return refuse(reply, fault);
  if (fault?.kind === "delay") await wait(fault.ms);
  const key = request.headers["idempotency-key"];
  const sent = readRequest(parseJson(body));
  const record = await context.responses.create(sent, Buffer.byteLength(body), isString(key) ? key : undefined);
  const { stream, background } = record.request;
  if (!background) reply.once("close", () => context.responses.cancel(record));
  if (stream) return follow(context, record, -1, fault, reply);
  const response = background ? record.response : await record.ended();
  if (fault?.kind === "drop") return void reply.destroy();
  if (fault?.kind === "stall") await wait(fault.ms);
  if (fault?.kind === "malformed") return void reply.end(JSON.stringify(response).slice(0, 100));
  sendJson(reply, 200, response);
  delivered(context, record);
}

async function retrieve(
  context: RouteContext,
  record: ResponseRecord,
  query: URLSearchParams,
  reply: ServerResponse,
): Promise<void> {
  if (query.get("stream") !== "true") {
    sendJson(reply, 200, record.response);
    return delivered(context, record);
  }
  if (!record.request.background || !record.request.stream) {
    throw new ScriptedModelError({
      code: "invalid_request",
      message: "This response cannot be streamed: it was not created with background=true and stream=true.",
      param: "stream",
    });
  }
  const after = query.get("starting_after") ?? "-1";
  if (!/^-?\d+$/.test(after)) {
    throw new ScriptedModelError({
      code: "invalid_request",
      message: "starting_after must be a number.",
      param: "starting_after",
    });
  }
  await follow(context, record, Number(after), undefined, reply);
}

async function follow(
  context: RouteContext,
  record: ResponseRecord,
  startingAfter: number,
  fault: Fault | undefined,
  reply: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  reply.once("close", () => gone.abort());
  const whole = await writeEvents(reply, record.follow(startingAfter, gone.signal), fault, gone.signal);
  if (whole) delivered(context, record);
}

function cancel(context: RouteContext, record: ResponseRecord, reply: ServerResponse): void {
  if (!record.request.background) {
    throw new ScriptedModelError({ code: "invalid_request", message: "Cannot cancel a synchronous response." });
  }
  context.responses.cancel(record);
  sendJson(reply, 200, record.response);
}

async function armFaults(context: RouteContext, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const body = parseJson(await readBody(request));
  const rules = isObject(body) && Array.isArray(body["rules"]) ? body["rules"] : [];
  context.faults.splice(0, context.faults.length, ...rules.filter(isString).map(parseFaultRule));
  sendJson(reply, 200, { armed: context.faults.length });
}

function refuse(reply: ServerResponse, fault: Extract<Fault, { kind: "status" }>): void {
  const code = fault.status === 429 ? "rate_limit_exceeded" : "server_error";
  const error = new ScriptedModelError({ code, message: `Fault injected: HTTP ${fault.status}.` });
  reply.setHeader("retry-after", String(fault.retryAfterSeconds));
  sendJson(reply, fault.status, error.toBody());
}

function faultOf(context: RouteContext, request: IncomingMessage): Fault | undefined {
  const header = request.headers[FAULT_HEADER];
  return isString(header) ? parseFault(header) : faultFor(context.faults, context.stats.posts);
}

function delivered(context: RouteContext, record: ResponseRecord): void {
  if (record.response.status === "completed") context.stats.count("delivered", record.digest, record.request.metadata);
}

const modelObject = (id: string): object => ({ id, object: "model", created: 0, owned_by: "cofferdam-scripted" });
