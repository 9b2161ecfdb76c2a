import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import OpenAI from "openai";
import type { Response, ResponseInput, ResponseStreamEvent } from "openai/resources/responses/responses";
import { execCommand, type Program, renderExecOutput } from "../program/index.ts";
import { type ScriptedModel, type ScriptedModelOptions, startScriptedModel } from "../server/start.ts";

let folder: string;
let tape: string;
let servers: ScriptedModel[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tape-"));
  tape = join(folder, "tape.jsonl");
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

async function start(options: ScriptedModelOptions): Promise<{ server: ScriptedModel; client: OpenAI }> {
  const server = await startScriptedModel(options);
  servers.push(server);
  return { server, client: new OpenAI({ baseURL: server.url, apiKey: "client-key", maxRetries: 0, logLevel: "off" }) };
}

/** Stands for the provider: counts how often it is asked. */
let asked = 0;
const provider: Program = ({ messages, turns }) => {
  asked += 1;
  if (messages[0]?.text === "list" && turns.length === 0) return { text: "Looking.", calls: [execCommand("ls")] };
  return { text: `answer ${asked}` };
};
beforeEach(() => {
  asked = 0;
});

const record = async (): Promise<{ upstream: ScriptedModel; client: OpenAI }> => {
  const upstream = await start({ models: { big: provider }, apiKey: "provider-key" });
  const { client } = await start({
    record: { tape, upstream: { baseUrl: upstream.server.url, apiKey: "provider-key" } },
  });
  return { upstream: upstream.server, client };
};
const replay = async (): Promise<OpenAI> => (await start({ replay: { tape } })).client;

const TOOLS: OpenAI.Responses.Tool[] = [{ type: "function", name: "exec_command", strict: true, parameters: {} }];

async function agentTurns(client: OpenAI, wallTimeSeconds: number): Promise<string> {
  const first = await final(client, [{ role: "user", content: "list" }]);
  const call = first.output.find((item) => item.type === "function_call");
  const output = renderExecOutput({
    chunkId: String(100_000 + wallTimeSeconds),
    wallTimeSeconds,
    exitCode: 0,
    sessionId: null,
    originalTokenCount: null,
    output: "a.txt\n",
  });
  const second = await final(client, [
    { role: "user", content: "list" },
    ...(first.output as ResponseInput),
    { type: "function_call_output", call_id: call?.call_id ?? "", output },
  ]);
  return second.output.map((item) => (item.type === "message" ? JSON.stringify(item.content) : item.type)).join();
}

async function twice(client: OpenAI): Promise<string> {
  const { id } = await client.responses.create({ model: "big", input: "hi" });
  return (await client.responses.create({ model: "big", input: "more", previous_response_id: id })).output_text;
}

async function final(client: OpenAI, input: ResponseInput): Promise<Response> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of await client.responses.create({ model: "big", input, tools: TOOLS, stream: true }))
    events.push(event);
  const last = events.at(-1);
  if (last?.type !== "response.completed") throw new Error(`the stream ended with ${last?.type}`);
  return last.response;
}

test("a recorded conversation is replayed without the provider, whatever its commands' wall times", async () => {
  const { client } = await record();
  const said = await agentTurns(client, 1);
  expect(asked).toBe(2);
  const replayed = await agentTurns(await replay(), 2);
  expect(replayed).toBe(said);
  expect(asked).toBe(2);
});

test("a tape holds no key", async () => {
  const { client } = await record();
  await agentTurns(client, 1);
  const text = await readFile(tape, "utf8");
  expect(text).not.toMatch(/client-key|provider-key|authorization/i);
  expect(text.trim().split("\n")).toHaveLength(2);
});

test("a replayed response says that it is scripted", async () => {
  const { client } = await record();
  await client.responses.create({ model: "big", input: "hi" });
  const { data, response } = await (await replay()).responses.create({ model: "big", input: "hi" }).withResponse();
  expect(data).toMatchObject({ model: "scripted:tape/big", output_text: "answer 1" });
  expect(response.headers.get("x-cofferdam-scripted")).toBe("1");
});

test("the same request recorded twice is answered in the recorded order", async () => {
  const { client } = await record();
  for (let i = 0; i < 2; i += 1) await client.responses.create({ model: "big", input: "hi" });
  const again = await replay();
  const texts: string[] = [];
  for (let i = 0; i < 3; i += 1) texts.push((await again.responses.create({ model: "big", input: "hi" })).output_text);
  expect(texts).toEqual(["answer 1", "answer 2", "answer 2"]);
});

test("a background answer is on the tape once somebody has read its end", async () => {
  const { client } = await record();
  const queued = await client.responses.create({ model: "big", input: "hi", background: true });
  while ((await client.responses.retrieve(queued.id)).status !== "completed");
  expect((await (await replay()).responses.create({ model: "big", input: "hi" })).output_text).toBe("answer 1");
});

test("previous_response_id means the same on tape and in life", async () => {
  const { client } = await record();
  expect(await twice(client)).toBe("answer 2");
  expect(await twice(await replay())).toBe("answer 2");
});

test("an unknown request is a clear error that names what differs", async () => {
  const { client } = await record();
  await client.responses.create({ model: "big", input: "hi" });
  const again = await replay();
  await expect(again.responses.create({ model: "big", input: "ho" })).rejects.toMatchObject({
    status: 404,
    code: "tape_miss",
    message: expect.stringContaining("agrees in 0 of 1 input items and differs from input[0] on"),
  });
  await expect(again.responses.create({ model: "big", input: "hi", instructions: "be kind" })).rejects.toMatchObject({
    message: expect.stringContaining("differs in 'instructions'"),
  });
});

test("an error of the provider is passed on and not recorded", async () => {
  const { client, upstream } = await record();
  await fetch(`${upstream.url.replace("/v1", "")}/_scripted/faults`, {
    method: "PUT",
    body: JSON.stringify({ rules: ["1 status=429,retry-after=3"] }),
  });
  await expect(client.responses.create({ model: "big", input: "hi" })).rejects.toMatchObject({ status: 429 });
  await client.responses.create({ model: "big", input: "hi" });
  expect((await readFile(tape, "utf8")).trim().split("\n")).toHaveLength(1);
});

test("a provider that cannot be reached is a 502", async () => {
  const { client } = await start({ record: { tape, upstream: { baseUrl: "http://127.0.0.1:1/v1", apiKey: "k" } } });
  await expect(client.responses.create({ model: "big", input: "hi" })).rejects.toMatchObject({
    status: 502,
    code: "upstream_unreachable",
  });
});

test("a broken tape is refused with its line", async () => {
  await appendFile(tape, `\n{"version":2}\n`);
  await expect(start({ replay: { tape } })).rejects.toMatchObject({
    code: "tape_unreadable",
    message: expect.stringContaining("line 2 is no entry"),
  });
});
