import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import OpenAI, { InternalServerError, RateLimitError } from "openai";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";
import { createFile, execCommand, type Program } from "../program/index.ts";
import { type ScriptedModel, type ScriptedModelOptions, startScriptedModel } from "./start.ts";

const servers: ScriptedModel[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const echo: Program = ({ messages, lastToolResults }) => {
  const said = messages.at(-1)?.text ?? "";
  if (said === "list" && lastToolResults.length === 0) return { text: "Looking.", calls: [execCommand("ls")] };
  if (said === "write" && lastToolResults.length === 0) return { calls: [createFile("a.txt", "one\ntwo\n")] };
  if (said === "boom") throw new Error("the fuse blew");
  const [result] = lastToolResults;
  return { text: result === undefined ? `You said: ${said}` : `exit ${result.exec?.exitCode}, ok ${result.ok}` };
};

async function start(options: ScriptedModelOptions = {}): Promise<{ server: ScriptedModel; client: OpenAI }> {
  const server = await startScriptedModel({ models: { echo }, ...options });
  servers.push(server);
  return { server, client: new OpenAI({ baseURL: server.url, apiKey: "scripted", maxRetries: 0, logLevel: "off" }) };
}

const TOOLS: OpenAI.Responses.Tool[] = [
  { type: "function", name: "exec_command", strict: true, parameters: {} },
  { type: "apply_patch" },
];

async function collect(stream: AsyncIterable<ResponseStreamEvent>): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

const responseOf = (event: ResponseStreamEvent | undefined): Response => {
  if (event === undefined || !("response" in event)) throw new Error(`no response in ${event?.type}`);
  return event.response;
};

test("a plain answer says that it is scripted, and counts its tokens by the stated rule", async () => {
  const { client } = await start();
  const { data, response } = await client.responses.create({ model: "echo", input: "hello" }).withResponse();
  expect(data).toMatchObject({ status: "completed", model: "scripted:echo", output_text: "You said: hello" });
  expect(data.usage).toMatchObject({ output_tokens: Math.ceil("You said: hello".length / 4) });
  expect(response.headers.get("x-cofferdam-scripted")).toBe("1");
});

test("a stream has the complete sequence of events, numbered without a gap", async () => {
  const { client } = await start();
  const events = await collect(
    await client.responses.create({ model: "echo", input: "list", tools: TOOLS, stream: true }),
  );
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
  expect(responseOf(events.at(-1)).output).toHaveLength(2);
});

test("tool results reach the program, read", async () => {
  const { client } = await start();
  const first = await client.responses.create({ model: "echo", input: "list", tools: TOOLS });
  const call = first.output.find((item) => item.type === "function_call");
  expect(JSON.parse(call?.arguments ?? "")).toMatchObject({ cmd: "ls", workdir: null });
  const text = "Chunk ID: 0a1b2c\nWall time: 0.0410 seconds\nProcess exited with code 2\nOutput:\nls: no such file\n";
  const second = await client.responses.create({
    model: "echo",
    tools: TOOLS,
    input: [
      { role: "user", content: "list" },
      ...(first.output as OpenAI.Responses.ResponseInputItem[]),
      { type: "function_call_output", call_id: call?.call_id ?? "", output: text },
    ],
  });
  expect(second.output_text).toBe("exit 2, ok false");
});

test("a patch is an apply_patch_call item, answered by apply_patch_call_output", async () => {
  const { client } = await start();
  const first = await client.responses.create({ model: "echo", input: "write", tools: TOOLS });
  const [call] = first.output;
  expect(call).toMatchObject({
    type: "apply_patch_call",
    status: "completed",
    operation: { type: "create_file", path: "a.txt", diff: "+one\n+two\n" },
  });
  const second = await client.responses.create({
    model: "echo",
    tools: TOOLS,
    previous_response_id: first.id,
    input: [
      {
        type: "apply_patch_call_output",
        call_id: call?.type === "apply_patch_call" ? call.call_id : "",
        status: "failed",
        output: "no",
      },
    ],
  });
  expect(second.output_text).toBe("exit undefined, ok false");
});

test("the same request gets the same items; a second serving is another response", async () => {
  const { client, server } = await start();
  const ask = () =>
    client.responses.create({ model: "echo", input: "list", tools: TOOLS, metadata: { cofferdam_call_id: "c1" } });
  const [first, second] = [await ask(), await ask()];
  expect(second.output).toEqual(first.output);
  expect(second.id).not.toBe(first.id);
  expect(server.stats()).toMatchObject({ total: { started: 2, delivered: 2 }, paidTwice: ["c1"] });
});

test("a background stream that broke is read on from where it broke, and is paid once", async () => {
  const { client, server } = await start({ faults: ["1 drop@4"], latency: { tokensPerSecond: 2000 } });
  const body = {
    model: "echo",
    input: "x".repeat(2000),
    background: true,
    stream: true,
    metadata: { cofferdam_call_id: "c1" },
  } as const;
  const seen: ResponseStreamEvent[] = [];
  await expect(async () => {
    for await (const event of await client.responses.create(body)) seen.push(event);
  }).rejects.toThrow("terminated");
  expect(seen.map((event) => event.sequence_number)).toEqual([0, 1, 2, 3]);
  const id = responseOf(seen[0]).id;
  const rest = await collect(await client.responses.retrieve(id, { stream: true, starting_after: 3 }));
  expect(rest[0]?.sequence_number).toBe(4);
  expect(responseOf(rest.at(-1)).status).toBe("completed");
  expect((await client.responses.retrieve(id)).output_text).toBe(`You said: ${"x".repeat(2000)}`);
  expect(server.stats()).toMatchObject({ byCallId: { c1: { started: 1, completed: 1 } }, paidTwice: [] });
});

test("a background response can be polled and cancelled", async () => {
  const { client } = await start({ latency: { tokensPerSecond: 10 } });
  const queued = await client.responses.create({ model: "echo", input: "x".repeat(400), background: true });
  expect(["queued", "in_progress"]).toContain(queued.status);
  expect((await client.responses.cancel(queued.id)).status).toBe("cancelled");
  expect((await client.responses.retrieve(queued.id)).status).toBe("cancelled");
});

test("a reader that leaves a foreground stream cancels it", async () => {
  const { client, server } = await start({ latency: { tokensPerSecond: 50 } });
  for await (const event of await client.responses.create({ model: "echo", input: "x".repeat(4000), stream: true })) {
    if (event.type === "response.output_text.delta") break;
  }
  while (server.stats().total.cancelled === 0) await wait(5);
  expect(server.stats().total).toMatchObject({ started: 1, completed: 0, cancelled: 1 });
});

test.each([
  ["an unknown model", { model: "gpt-none", input: "x" }, 400, "model_not_found"],
  ["a program outside the roots", { model: "scripted:/etc/passwd.mjs", input: "x" }, 400, "script_not_loadable"],
  ["input of the wrong type", { model: "echo", input: 7 }, 400, "invalid_request"],
  [
    "a result without a call",
    { model: "echo", input: [{ type: "function_call_output", call_id: "c", output: "" }] },
    400,
    "invalid_request",
  ],
])("%s is refused", async (_name, body, status, code) => {
  const { client } = await start();
  await expect(client.post("/responses", { body })).rejects.toMatchObject({ status, code });
});

test("a request without a key, or with a wrong one, is refused", async () => {
  const { server } = await start({ apiKey: "right" });
  const client = new OpenAI({ baseURL: server.url, apiKey: "wrong", maxRetries: 0 });
  await expect(client.models.list()).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
  expect((await fetch(`${server.url}/models`)).status).toBe(401);
});

test("an unknown response or address is a 404", async () => {
  const { client } = await start();
  await expect(client.responses.retrieve("resp_none")).rejects.toMatchObject({
    status: 404,
    code: "response_not_found",
  });
  await expect(client.get("/nothing")).rejects.toMatchObject({ status: 404, code: "unknown_url" });
});

test("a program that fails ends the response as failed, with the reason", async () => {
  const { client } = await start();
  const events = await collect(await client.responses.create({ model: "echo", input: "boom", stream: true }));
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    response: { error: { message: "The program failed: the fuse blew" } },
  });
});

test("faults strike the request they are meant for", async () => {
  const { client } = await start({
    faults: ["1 status=429,retry-after=1", "2 status=500", "3 malformed@2", "4 drop@0"],
  });
  const ask = () => client.responses.create({ model: "echo", input: "hello", stream: true }).then(collect);
  const limited: unknown = await ask().catch((error: unknown) => error);
  expect(limited).toBeInstanceOf(RateLimitError);
  expect((limited as InstanceType<typeof RateLimitError>).headers?.get("retry-after")).toBe("1");
  await expect(ask()).rejects.toBeInstanceOf(InternalServerError);
  await expect(ask()).rejects.toThrow(/JSON/);
  await expect(ask()).rejects.toThrow("terminated");
  expect(await ask()).toHaveLength(9);
});

test("the client's own retries get through a limit", async () => {
  const { server } = await start({ faults: ["1 status=429,retry-after=0"] });
  const client = new OpenAI({ baseURL: server.url, apiKey: "scripted", maxRetries: 2 });
  expect((await client.responses.create({ model: "echo", input: "hello" })).output_text).toBe("You said: hello");
});

test("a header strikes one request", async () => {
  const { client } = await start();
  const headers = { "x-cofferdam-scripted-fault": "status=503" };
  await expect(client.responses.create({ model: "echo", input: "hello" }, { headers })).rejects.toMatchObject({
    status: 503,
  });
});

test("the same request under the same Idempotency-Key is one response, another request under it is refused", async () => {
  const { server, client } = await start();
  const headers = { "Idempotency-Key": "k1" };
  const ask = (input: string) => client.responses.create({ model: "echo", input }, { headers });
  const both = await Promise.all([ask("hello"), ask("hello")]);
  expect(new Set([...both, await ask("hello")].map(({ id }) => id)).size).toBe(1);
  expect(server.stats().total.started).toBe(1);
  await expect(ask("other")).rejects.toMatchObject({ status: 400 });
});
