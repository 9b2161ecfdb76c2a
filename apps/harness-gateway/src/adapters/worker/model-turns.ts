import type { events } from "@cofferdam/contracts";
import { logName, type Turn } from "@cofferdam/run-log";
import { callOptions, readStream, RpcError } from "@cofferdam/service";
import { Metadata } from "@grpc/grpc-js";
import { parseAnswer } from "../../domain/answer.ts";
import {
  encodeLink,
  type RequestItem,
  type RequestLink,
  stepsOfTurn,
  toolOutputItem,
} from "../../domain/request-chain.ts";
import { type ToolName, toolDefinitions } from "../../domain/tools.ts";
import { loadBody } from "../body.ts";
import { patiently } from "../patience.ts";
import { renderPrompt } from "./prompt.ts";
import type { TaskContext } from "./context.ts";

/** Longest that one model call may take. */
const CALL_TIMEOUT_MS = 1_800_000;

/** Writes down what will be asked, before it is asked. */
export async function requestModel(context: TaskContext, turn: number): Promise<void> {
  const { writer, deps, submitted } = context;
  const link = turn === 1 ? await firstLink(context) : await nextLink(context);
  const request = await deps.blobs.put(encodeLink(link), "application/json");
  const callId = `${logName(writer.key)}:${turn}:${request.digest.slice("sha256:".length, "sha256:".length + 16)}`;
  await writer.append([{ type: "model.requested", data: { callId, turn, model: submitted.model, request } }]);
}

async function firstLink(context: TaskContext): Promise<RequestLink> {
  const { instructions, assignment } = await renderPrompt(context);
  const tools: readonly ToolName[] = context.manifest.spec.agent.tools;
  return {
    head: { model: context.submitted.model, instructions, tools: toolDefinitions(tools) },
    append: [{ item: { role: "user", content: assignment } }],
  };
}

async function nextLink({ writer, deps, answers }: TaskContext): Promise<RequestLink> {
  const last = writer.state.turns.at(-1);
  const answer = answers.at(-1);
  if (last?.responded?.response === undefined || answer === undefined)
    throw new Error("a turn follows an answered one");
  const before = answers.slice(0, -1).reduce((n, { calls }) => n + calls.length, 0);
  const append: RequestItem[] = [{ response: last.responded.response }];
  for (const [index, step] of stepsOfTurn(writer.state.steps, before, answer.calls).entries()) {
    const call = answer.calls[index];
    if (call === undefined || step.committed === undefined) throw new Error("a turn follows committed steps only");
    const output = await loadBody(deps.blobs, step.committed.output);
    append.push({ item: toolOutputItem(call, step.committed, output) });
  }
  return { ...previousOf(last), append };
}

const previousOf = ({ requested }: Turn) => (requested.request === undefined ? {} : { previous: requested.request });

/**
 * Asks the call service; asking again under the same id never pays again. Tools start only from the recorded answer: it
 * stands with the call service already, and goes into the log no later than the first intent that follows from it.
 */
export async function callModel(context: TaskContext, requested: events.ModelRequested): Promise<void> {
  const { writer, deps, signal } = context;
  const log = logName(writer.key);
  const { callId, request } = requested;
  const outcome = await patiently(async () => {
    const body = { team: deps.team, log, epoch: writer.epoch, callId, request };
    const stream = deps.calls.call(body, new Metadata(), callOptions({ timeoutMs: CALL_TIMEOUT_MS }));
    for await (const { response } of readStream(stream, signal)) {
      if (response?.$case === "outcome") return response.value;
      if (response !== undefined) deps.publishDelta(log, response.value);
    }
    throw new RpcError({
      status: "UNAVAILABLE",
      reason: "UNAVAILABLE",
      message: "a model call ended without an outcome",
    });
  }, signal);
  const { responseId, response, usage, durationMs, sends } = outcome;
  if (response === undefined) throw new Error("the call service answered without a response");
  context.answers.push(parseAnswer(JSON.parse(Buffer.from(await deps.blobs.get(response)).toString("utf8"))));
  writer.stage([{ type: "model.responded", data: { callId, responseId, response, usage, durationMs, sends } }]);
}

/** The answers that the log already holds, when a worker takes over. */
export async function loadAnswers({ writer, deps }: Pick<TaskContext, "writer" | "deps">) {
  const answered = writer.state.turns.flatMap(({ responded }) => responded?.response ?? []);
  return Promise.all(
    answered.map(async (ref) => parseAnswer(JSON.parse(Buffer.from(await deps.blobs.get(ref)).toString("utf8")))),
  );
}
