import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { RpcError, silentLogger } from "@cofferdam/service";
import { type BlobStore, createBlobStore, fileStore } from "@cofferdam/storage";
import { encodeLink } from "../../domain/request-chain.ts";
import { CallService } from "./call-service.ts";
import { CallJournal } from "./journal.ts";

const KEY = "sk-planted-marker-3141";

let dir: string;
let blobs: BlobStore;
let journal: CallJournal;
let server: Server;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-server-"));
  blobs = createBlobStore(fileStore(join(dir, "objects")));
  journal = new CallJournal(join(dir, "calls.db"));
});

afterEach(async () => {
  journal.close();
  if (server.listening) await new Promise((closed) => server.close(closed));
  rmSync(dir, { recursive: true });
});

async function listening(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function problemOf(baseUrl: string, maxRetries = 0): Promise<RpcError> {
  const model = { kind: "openai" as const, baseUrl, apiKey: KEY, background: false, idempotent: false, maxRetries };
  const service = new CallService({ journal, blobs, model, logger: silentLogger });
  const link = {
    head: { model: "m", instructions: "", tools: [] },
    append: [{ item: { role: "user", content: "x" } }],
  };
  const request = await blobs.put(encodeLink(link), "application/json");
  try {
    for await (const answer of service.call({ team: "t", log: "r", epoch: 1, callId: "c", request })) void answer;
  } catch (error) {
    return RpcError.from(error);
  } finally {
    await service.close();
  }
  throw new Error("it was answered");
}

test("a server that quotes the key it was sent does not get it into what is recorded", async () => {
  const url = await listening((_, response) => {
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}.` } }));
  });
  const { reason, message } = await problemOf(url);
  expect(reason).toBe("MODEL_REJECTED");
  expect(message).toBe(`the model server ${url} answered 401: Incorrect API key provided: [key].`);
});

test("a model that fails quoting the key does not get it into what is recorded", async () => {
  const url = await listening((_, response) => {
    const failed = { id: "r", status: "failed", error: { code: "server_error", message: `no quota for ${KEY}` } };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`event: response.failed\ndata: ${JSON.stringify({ type: "response.failed", response: failed })}\n\n`);
  });
  expect((await problemOf(url)).message).toBe("the model failed: server_error: no quota for [key]");
});

test.each(["text/html; charset=utf-8", "application/json"])("an answer in %s is refused at once", async (type) => {
  let asked = 0;
  const url = await listening((_, response) => {
    asked++;
    response.writeHead(200, { "content-type": type });
    response.end("{}");
  });
  const { reason, message } = await problemOf(url, 3);
  expect(reason).toBe("MODEL_REJECTED");
  expect(message).toContain(`${url} answered 200 with ${type} instead of a stream of events`);
  expect(asked).toBe(1);
});

test("a server that is not there is named", async () => {
  const url = await listening(() => undefined);
  await new Promise((closed) => server.close(closed));
  const { reason, message } = await problemOf(url);
  expect(reason).toBe("MODEL_UNAVAILABLE");
  expect(message).toBe(`the model server ${url} cannot be reached: ECONNREFUSED`);
});
