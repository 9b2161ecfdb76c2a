import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ScriptedModelError } from "../errors.ts";
import type { Program } from "../program/conversation.ts";
import { type AnswerSource, ProgramSource } from "./answer-source.ts";
import { type FaultRule, parseFaultRule } from "./faults.ts";
import { sendError } from "./http-body.ts";
import type { Latency } from "./latency.ts";
import { Responses } from "./responses.ts";
import { route, type RouteContext } from "./routes.ts";
import { readTape } from "../tape/tape.ts";
import { Recorder, type Upstream } from "../tape/recorder.ts";
import { TapeSource } from "../tape/tape-source.ts";
import { ScriptLoader } from "./script-loader.ts";
import { type Stats, StatsCounter } from "./stats.ts";

export interface ScriptedModelOptions {
  /** Only programs below these folders are loaded. */
  readonly roots?: readonly string[];
  /** Programs under a name: the function itself, or the absolute path of a module below a root. */
  readonly models?: Readonly<Record<string, Program | string>>;
  /** Default 127.0.0.1: programs run in this process, keep it private. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The only bearer token that is let in; by default any is, but one must be there. */
  readonly apiKey?: string;
  readonly latency?: Latency;
  /** Written as in `--fault`. */
  readonly faults?: readonly string[];
  /** Passes everything on to a provider and writes what it answered to this file. Programs are not used then. */
  readonly record?: { readonly tape: string; readonly upstream: Upstream };
  /** Answers from this file instead of programs. */
  readonly replay?: { readonly tape: string };
}

export interface ScriptedModel {
  /** What `OPENAI_BASE_URL` is to be: `http://127.0.0.1:<port>/v1`. */
  readonly url: string;
  stats(): Stats;
  close(): Promise<void>;
}

/**
 * Starts the server.
 *
 * @example
 * const model = await startScriptedModel({ roots: [import.meta.dirname] });
 * const client = new OpenAI({ baseURL: model.url, apiKey: "scripted" });
 */
export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const source = await sourceOf(options);
  const stats = new StatsCounter();
  const responses = new Responses(source, options.latency ?? {}, stats);
  const faults: FaultRule[] = (options.faults ?? []).map(parseFaultRule);
  const context: RouteContext = { source, responses, stats, faults };
  const { record } = options;
  const recorder = record === undefined ? undefined : new Recorder(record.tape, record.upstream);
  let requests = 0;
  const server = createServer((request, reply) => {
    if (recorder === undefined) reply.setHeader("x-cofferdam-scripted", "1");
    reply.setHeader("x-request-id", `req_scripted_${++requests}`);
    const act = recorder === undefined ? () => route(context, request, reply) : () => recorder.handle(request, reply);
    void answer(act, options.apiKey, request, reply);
  });
  const port = await listen(server, options.port ?? 0, options.host ?? "127.0.0.1");
  return {
    url: `http://${urlHost(options.host ?? "127.0.0.1")}:${port}/v1`,
    stats: () => stats.read(),
    close: () => close(server),
  };
}

async function sourceOf(options: ScriptedModelOptions): Promise<AnswerSource> {
  if (options.replay !== undefined) return new TapeSource(await readTape(options.replay.tape));
  return new ProgramSource(options.models ?? {}, new ScriptLoader(options.roots ?? []));
}

async function answer(
  act: () => Promise<void>,
  apiKey: string | undefined,
  request: IncomingMessage,
  reply: ServerResponse,
): Promise<void> {
  try {
    authorize(request, apiKey);
    await act();
  } catch (error) {
    sendError(reply, error);
  }
}

function authorize(request: IncomingMessage, apiKey: string | undefined): void {
  if (request.url?.startsWith("/_scripted/") === true) return;
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) {
    throw new ScriptedModelError({ code: "invalid_api_key", message: "You didn't provide an API key." });
  }
  if (apiKey !== undefined && token !== apiKey) {
    throw new ScriptedModelError({ code: "invalid_api_key", message: "Incorrect API key provided." });
  }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

const urlHost = (host: string): string => (host.includes(":") ? `[${host}]` : host);
