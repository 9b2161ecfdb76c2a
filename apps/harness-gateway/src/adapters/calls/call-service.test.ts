import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { harness } from "@cofferdam/contracts";
import { type ScriptedModel, startScriptedModel } from "@cofferdam/scripted-model";
import { silentLogger } from "@cofferdam/service";
import { type BlobStore, createBlobStore, fileStore } from "@cofferdam/storage";
import { encodeLink, type RequestLink } from "../../domain/request-chain.ts";
import { CallService } from "./call-service.ts";
import { CallJournal } from "./journal.ts";

let dir: string;
let blobs: BlobStore;
let model: ScriptedModel;
let service: CallService;
let journal: CallJournal;

const program = async () => ({ text: "the answer" });

async function start(faults: string[] = [], latency = {}): Promise<void> {
  model = await startScriptedModel({ models: { m: program }, faults, latency });
  open();
}

function open(background = true, idempotent = background): void {
  journal = new CallJournal(join(dir, "calls.db"));
  const config = { kind: "scripted" as const, baseUrl: model.url, apiKey: "k", background, idempotent, maxRetries: 3 };
  service = new CallService({ journal, blobs, model: config, logger: silentLogger });
}

async function request(callId: string, changes: Partial<harness.CallRequest> = {}): Promise<harness.CallRequest> {
  const link: RequestLink = {
    head: { model: "m", instructions: "", tools: [] },
    append: [{ item: { role: "user", content: "hello" } }],
  };
  const ref = await blobs.put(encodeLink(link), "application/json");
  return { team: "t", log: "r1/t001", epoch: 1, callId, request: ref, ...changes };
}

async function outcome(call: AsyncIterable<harness.CallResponse>): Promise<harness.CallOutcome> {
  for await (const { response } of call) if (response?.$case === "outcome") return response.value;
  throw new Error("no outcome");
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-calls-"));
  blobs = createBlobStore(fileStore(join(dir, "objects")));
});

afterEach(async () => {
  await service.close();
  journal.close();
  await model.close();
});

describe("single flight", () => {
  test("many askers at once get one answer, sent once", async () => {
    await start();
    const asked = await request("c1");
    const answers = await Promise.all(Array.from({ length: 5 }, () => outcome(service.call(asked))));
    expect(new Set(answers.map(({ responseId }) => responseId)).size).toBe(1);
    expect(answers[0]?.sends).toBe(1);
    expect(model.stats().total.started).toBe(1);
  });

  test("asking again later gets the stored answer", async () => {
    await start();
    const first = await outcome(service.call(await request("c1")));
    expect(await outcome(service.call(await request("c1")))).toEqual(first);
    expect(model.stats().total.started).toBe(1);
  });

  test("the call goes on when the asker goes away", async () => {
    await start();
    const asked = await request("c1");
    const gone = service.call(asked)[Symbol.asyncIterator]();
    await gone.return?.();
    await outcome(service.call(asked));
    expect(model.stats().total.started).toBe(1);
  });

  test("one call id with two requests is refused", async () => {
    await start();
    await outcome(service.call(await request("c1")));
    const other = await blobs.put(
      encodeLink({ head: { model: "m", instructions: "x", tools: [] }, append: [] }),
      "application/json",
    );
    expect(() => service.call({ team: "t", log: "r1/t001", epoch: 1, callId: "c1", request: other })).toThrow(
      "another request",
    );
  });
});

describe("after a crash", () => {
  test("an answered call is answered from the journal", async () => {
    await start();
    const first = await outcome(service.call(await request("c1")));
    await restart();
    expect(await outcome(service.call(await request("c1")))).toEqual(first);
    expect(model.stats().paidTwice).toEqual([]);
  });

  test("a call in flight is taken up by its id, not sent again", async () => {
    await start(["1 stall@3=60000ms"]);
    const call = service.call(await request("c1"));
    outcome(call).catch(() => undefined);
    await until(() => (journal.get("t/c1")?.responseId ?? "") !== "");
    await restart();
    const { sends } = await outcome(service.call(await request("c1")));
    expect(sends).toBe(1);
    expect(model.stats().paidTwice).toEqual([]);
    expect(model.stats().total.started).toBe(1);
  });

  test("without background responses the same crash sends it again, and the count says so", async () => {
    await start(["1 stall@3=60000ms"]);
    await restart(false);
    outcome(service.call(await request("c1"))).catch(() => undefined);
    await until(() => (journal.get("t/c1")?.responseId ?? "") !== "");
    await restart(false);
    expect((await outcome(service.call(await request("c1")))).sends).toBe(2);
  });

  async function restart(background = true): Promise<void> {
    await service.close();
    journal.close();
    open(background);
  }
});

test("a call that is on its way when the service closes is kept", async () => {
  await start(["1 stall@3=300ms"]);
  outcome(service.call(await request("c1"))).catch(() => undefined);
  await until(() => (journal.get("t/c1")?.responseId ?? "") !== "");
  await service.close();
  expect(journal.get("t/c1")?.outcome).toBeDefined();
});

describe("a request whose fate is unknown", () => {
  test("is the same request under its key, where the server heeds it", async () => {
    await start(["1 drop@0"]);
    expect((await outcome(service.call(await request("c1")))).sends).toBe(1);
    expect(model.stats().total.started).toBe(1);
  });

  test("counts as sent where nobody knows whether the server heeds keys", async () => {
    await start(["1 drop@0"]);
    await service.close();
    journal.close();
    open(false, false);
    expect((await outcome(service.call(await request("c1")))).sends).toBe(2);
  });
});

describe("faults of the provider", () => {
  test.each([["1 status=429"], ["1-2 status=503"], ["1 drop@2"], ["1 malformed@2"]])(
    "%s is survived without paying twice",
    async (fault) => {
      await start([fault]);
      expect((await outcome(service.call(await request("c1")))).sends).toBe(1);
      expect(model.stats().paidTwice).toEqual([]);
    },
  );

  test("a request that the provider rejects is an error with its words, and is not repeated", async () => {
    await start();
    const link = { head: { model: "nobody", instructions: "", tools: [] }, append: [] };
    const ref = await blobs.put(encodeLink(link), "application/json");
    await expect(outcome(service.call(await request("c1", { request: ref })))).rejects.toMatchObject({
      reason: "MODEL_REJECTED",
    });
    expect(model.stats().posts).toBe(1);
  });
});

test("a caller of an epoch that is over is refused", async () => {
  await start();
  service.fence("t", "r1/t001", 7);
  const asked = await request("c1", { epoch: 6 });
  expect(() => service.call(asked)).toThrow("epoch 7 has been seen");
});

test("a chain of links is sent as one conversation", async () => {
  let seen: unknown;
  model = await startScriptedModel({
    models: {
      m: async (conversation) => {
        seen = conversation.input;
        return { text: "ok" };
      },
    },
  });
  open();
  const first = await outcome(service.call(await request("c1")));
  const asked = await request("c1");
  const next = encodeLink({
    ...(asked.request === undefined ? {} : { previous: asked.request }),
    append: [
      ...(first.response === undefined ? [] : [{ response: first.response }]),
      { item: { role: "user", content: "go on" } },
    ],
  });
  await outcome(service.call(await request("c2", { request: await blobs.put(next, "application/json") })));
  const text = JSON.stringify(seen);
  expect(text.indexOf("hello")).toBeLessThan(text.indexOf("ok"));
  expect(text.indexOf('"ok"')).toBeLessThan(text.indexOf("go on"));
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
