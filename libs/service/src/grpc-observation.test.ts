import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { snapshot } from "@cofferdam/contracts";
import {
  Address,
  connect,
  type Logger,
  readStream,
  rpc,
  serveGrpc,
  serverStream,
  silentLogger,
  unary,
} from "./index.ts";

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  const logger: Logger = { ...silentLogger, debug: at("debug"), error: at("error") };
  return { logger, lines };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serve(logger: Logger, implementation: object) {
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-observation-")), "s");
  const server = await serveGrpc(
    Address(`unix:${path}`),
    [{ definition: snapshot.SnapshotServiceService, implementation: { ...implementation } }],
    logger,
  );
  const client = connect(snapshot.SnapshotServiceClient, server.address);
  closing.push(
    () => server.close(),
    () => client.close(),
  );
  return client;
}

test("the error behind a failed call reaches the log of the server that handled it, and no other", async () => {
  const [one, two] = [recorder(), recorder()];
  const fails = unary(async () => {
    throw new Error("disk on fire");
  });
  const first = await serve(one.logger, { stats: fails });
  await serve(two.logger, { stats: fails });
  await expect(rpc(first.stats.bind(first), { team: "t" })).rejects.toMatchObject({ reason: "INTERNAL" });
  const line = one.lines.find((l) => l.level === "error");
  expect(line).toMatchObject({
    message: "call failed",
    fields: { status: "INTERNAL", err: new Error("disk on fire") },
  });
  expect(two.lines.filter((l) => l.level === "error")).toEqual([]);
});

test("each call is logged once with method, status and duration", async () => {
  const { logger, lines } = recorder();
  const client = await serve(logger, { stats: unary(async () => ({ chunks: 1, storedBytes: 2, snapshots: 3 })) });
  await rpc(client.stats.bind(client), { team: "t" });
  const calls = lines.filter((l) => l.message === "call");
  expect(calls).toMatchObject([{ fields: { method: "/cofferdam.snapshot.v1.SnapshotService/Stats", status: "OK" } }]);
  expect(calls[0]?.fields["duration_ms"]).toEqual(expect.any(Number));
});

test("a stream whose reader leaves is logged as cancelled, and its handler ends", async () => {
  const { logger, lines } = recorder();
  const ended = Promise.withResolvers<void>();
  const client = await serve(logger, {
    getChunks: serverStream(async function* () {
      try {
        for (;;) yield { digest: "d", data: Buffer.alloc(100_000) };
      } finally {
        ended.resolve();
      }
    }),
  });
  for await (const _ of readStream(client.getChunks({ team: "t", digests: [] }))) break;
  await ended.promise;
  expect(lines.filter((l) => l.message === "call")).toMatchObject([{ fields: { status: "CANCELLED" } }]);
});

test("a stream that its server cuts at shutdown is unavailable, not cancelled, so that it is taken up elsewhere", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-observation-")), "s");
  const implementation = {
    getChunks: serverStream(async function* (_request: snapshot.GetChunksRequest, { signal }) {
      yield { digest: "d", data: Buffer.alloc(1) };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }),
  };
  const served = { definition: snapshot.SnapshotServiceService, implementation };
  const server = await serveGrpc(Address(`unix:${path}`), [served], silentLogger);
  const client = connect(snapshot.SnapshotServiceClient, server.address);
  closing.push(() => client.close());
  const read = async () => {
    for await (const _ of readStream(client.getChunks({ team: "t", digests: [] }))) void server.close(50);
  };
  await expect(read()).rejects.toMatchObject({ status: "UNAVAILABLE", reason: "SHUTTING_DOWN" });
});

test("a call that waits for readiness outlasts a server's absence, one that does not fails at once", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-observation-")), "s");
  const client = connect(snapshot.SnapshotServiceClient, Address(`unix:${path}`));
  closing.push(() => client.close());
  await expect(rpc(client.stats.bind(client), { team: "t" })).rejects.toMatchObject({ status: "UNAVAILABLE" });
  const waiting = rpc(client.stats.bind(client), { team: "t" }, { waitForReady: true, timeoutMs: 20_000 });
  const implementation = { stats: unary(async () => ({ chunks: 1, storedBytes: 2, snapshots: 3 })) };
  const server = await serveGrpc(
    Address(`unix:${path}`),
    [{ definition: snapshot.SnapshotServiceService, implementation }],
    silentLogger,
  );
  closing.push(() => server.close());
  expect(await waiting).toMatchObject({ snapshots: 3 });
});
