import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { events, run } from "@cofferdam/contracts";
import { encodeEnvelope, type LogEvent, NO_EVENT, seal } from "@cofferdam/run-log";
import {
  Address,
  RpcError,
  type RunningServer,
  serveGrpc,
  serverStream,
  silentLogger,
  unary,
} from "@cofferdam/service";
import { type CofferdamClient, CofferdamError, connectCofferdam } from "./index.ts";

const unavailable = () => new RpcError({ status: "UNAVAILABLE", reason: "GATEWAY_GONE", message: "gone" });

const runEvent = (log: string, logSequence: number, event: LogEvent): run.RunEvent => {
  const place = {
    team: "t",
    service: "planner",
    time: "2026-01-02T03:04:05Z",
    prevdigest: NO_EVENT,
    epoch: 1,
    owner: "o",
  };
  const envelope = seal(event, { ...place, log, ordinal: logSequence });
  return { log, logSequence, cloudEvent: Buffer.from(encodeEnvelope(envelope)).toString() };
};
const claimed: LogEvent = { type: "run.claimed", data: { epoch: 1, owner: "o" } };
const completed: LogEvent = { type: "run.completed", data: events.RunCompleted.fromJSON({}) };

/** Two logs, interleaved; the task's end does not end the run. */
const history: run.RunEvent[] = [
  runEvent("r1", 1, claimed),
  runEvent("r1/t1", 2, claimed),
  runEvent("r1", 3, claimed),
  runEvent("r1/t1", 4, completed),
  runEvent("r1", 5, completed),
];

/** What the fake gateway does on each opening of the stream, in turn; the last holds from then on. */
let openings: (() => AsyncIterable<run.RunEvent>)[];
let opened: number;
let output: Buffer;
let started: run.StartRunRequest[];
let server: RunningServer;
let client: CofferdamClient;

async function* some(list: readonly run.RunEvent[], failure?: RpcError): AsyncGenerator<run.RunEvent> {
  yield* list;
  if (failure !== undefined) throw failure;
}

beforeEach(async () => {
  [opened, started, output] = [0, [], Buffer.from("a,b\n1,2\n")];
  openings = [() => some(history)];
  const digest = `sha256:${createHash("sha256").update(output).digest("hex")}`;
  const implementation = {
    startRun: unary(async (request: run.StartRunRequest) => {
      started.push(request);
      return { runId: "r1", created: true };
    }),
    getRun: unary(async ({ runId }: run.GetRunRequest) => {
      if (runId !== "r1") {
        throw new RpcError({
          status: "NOT_FOUND",
          reason: "RUN_NOT_FOUND",
          message: `no run ${runId}`,
          mend: "list runs",
        });
      }
      return run.Run.fromPartial({ runId, status: "RUN_STATUS_COMPLETED" });
    }),
    listRuns: unary(async ({ pageToken, pageSize }: run.ListRunsRequest) => {
      const from = Number(pageToken || "0");
      const ids = ["r5", "r4", "r3", "r2", "r1"].slice(from, from + pageSize);
      const runs = ids.map((runId) => run.Run.fromPartial({ runId }));
      return { runs, nextPageToken: from + pageSize < 5 ? `${from + pageSize}` : "" };
    }),
    watchRun: serverStream(() => {
      const open = openings[Math.min(opened++, openings.length - 1)];
      return open === undefined ? some([]) : open();
    }),
    cancelRun: unary(async () => ({})),
    getOutputs: unary(async () => ({
      outputs: [
        { name: "report", location: "file:///r", labels: [], files: [{ path: "a.csv", digest, sizeBytes: 8 }] },
      ],
    })),
    readOutput: serverStream(async function* () {
      yield { data: output.subarray(0, 3) };
      yield { data: output.subarray(3) };
    }),
  };
  const socket = join(mkdtempSync(join(tmpdir(), "cofferdam-")), "s.sock");
  server = await serveGrpc(
    Address(`unix:${socket}`),
    [{ definition: run.RunServiceService, implementation }],
    silentLogger,
  );
  client = connectCofferdam({ address: server.address });
});

afterEach(async () => {
  client.close();
  await server.close(0);
});

const watched = async (patienceMs?: number) => {
  const seen: string[] = [];
  for await (const event of client.watchRun("r1", patienceMs === undefined ? {} : { patienceMs })) {
    seen.push(`${event.log}#${event.sequence} ${event.type}`);
  }
  return seen;
};
const all = [
  "r1#1 run.claimed",
  "r1/t1#2 run.claimed",
  "r1#3 run.claimed",
  "r1/t1#4 run.completed",
  "r1#5 run.completed",
];

test("events come decoded, in order, and end with the run", async () => {
  expect(await watched()).toEqual(all);
  expect(opened).toBe(1);
});

test("a stream that breaks anywhere goes on without losing or repeating an event", async () => {
  openings = history.map((_, n) => () => some(history.slice(0, n), unavailable()));
  openings.push(() => some(history));
  expect(await watched()).toEqual(all);
  expect(opened).toBe(history.length + 1);
});

test("a stream that ends before the run did is picked up", async () => {
  openings = [() => some(history.slice(0, 4)), () => some(history)];
  expect(await watched()).toEqual(all);
});

test("an order of logs that differs between streams loses nothing", async () => {
  const [a, b, c, d, e] = history as [run.RunEvent, run.RunEvent, run.RunEvent, run.RunEvent, run.RunEvent];
  openings = [() => some([a, c], unavailable()), () => some([b, d, a, c, e])];
  expect(await watched()).toEqual([all[0], all[2], all[1], all[3], all[4]]);
});

test("without progress it gives up with an error that may be retried", async () => {
  openings = [() => some([], unavailable())];
  await expect(watched(250)).rejects.toMatchObject({ code: "UNAVAILABLE", class: "retryable", reason: "GATEWAY_GONE" });
});

test("an error that repeating cannot mend ends it at once", async () => {
  openings = [() => some([], new RpcError({ status: "NOT_FOUND", reason: "RUN_NOT_FOUND", message: "none" }))];
  await expect(watched()).rejects.toMatchObject({ code: "NOT_FOUND", class: "terminal" });
  expect(opened).toBe(1);
});

test("an event that cannot be understood is an error, not a gap", async () => {
  openings = [() => some([{ log: "r1", logSequence: 1, cloudEvent: "{}" }])];
  await expect(watched()).rejects.toMatchObject({ code: "PROTOCOL", reason: "EVENT_UNREADABLE" });
});

test("cancelling while it waits rejects as cancelled", async () => {
  openings = [() => some(history.slice(0, 1), unavailable())];
  const controller = new AbortController();
  const watching = (async () => {
    for await (const _ of client.watchRun("r1", { signal: controller.signal })) controller.abort();
  })();
  await expect(watching).rejects.toMatchObject({ code: "CANCELLED", class: "cancelled" });
});

test("listing goes on over pages", async () => {
  const ids: string[] = [];
  for await (const { runId } of client.listRuns({ pageSize: 2 })) ids.push(runId);
  expect(ids).toEqual(["r5", "r4", "r3", "r2", "r1"]);
});

test("each start is a run of its own unless a key says otherwise", async () => {
  await client.startRun({ manifest: "m" });
  await client.startRun({ manifest: "m" });
  await client.startRun({ manifest: "m", idempotencyKey: "k", baseLocation: "/b" });
  const [first, second, third] = started.map(({ idempotencyKey }) => idempotencyKey);
  expect(first).not.toBe(second);
  expect(third).toBe("k");
  expect(started[2]).toMatchObject({ baseLocation: "/b", manifest: "m" });
});

test("an error keeps reason and mend", async () => {
  const failure = await client.getRun("r9").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CofferdamError);
  expect(failure).toMatchObject({
    code: "NOT_FOUND",
    reason: "RUN_NOT_FOUND",
    message: "no run r9",
    mend: "list runs",
  });
});

test("waiting returns the run after its last event", async () => {
  expect(await client.waitForRun("r1")).toMatchObject({ status: "RUN_STATUS_COMPLETED" });
});

const read = async (path: string) => {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.readOutput({ runId: "r1", output: "report", path })) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

test("an output comes whole and verified", async () => {
  expect(await read("a.csv")).toBe("a,b\n1,2\n");
});

test("an output that was changed after publication does not end cleanly", async () => {
  output[0] = 0x62;
  await expect(read("a.csv")).rejects.toMatchObject({ reason: "OUTPUT_CHANGED" });
});

test("a file that was not published is named", async () => {
  await expect(read("b.csv")).rejects.toMatchObject({ code: "NOT_FOUND", metadata: { path: "b.csv" } });
});

test("a service that is away is an error that may be retried, a malformed address one that may not", async () => {
  await server.close(0);
  await expect(client.getRun("r1")).rejects.toMatchObject({ code: "UNAVAILABLE", class: "retryable" });
  expect(() => connectCofferdam({ address: "example.org:80" })).toThrow(CofferdamError);
});
