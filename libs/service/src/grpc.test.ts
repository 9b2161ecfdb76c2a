import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { snapshot } from "@cofferdam/contracts";
import { Address, connect, readStream, rpc, RpcError, serveGrpc, silentLogger, serverStream, unary } from "./index.ts";
import type { RunningServer } from "./index.ts";

let server: RunningServer;
let client: snapshot.SnapshotServiceClient;

beforeAll(async () => {
  const implementation = {
    missing: unary(async (q: snapshot.MissingRequest) => ({ digests: q.digests })),
    get: unary(async () => {
      throw new RpcError({
        status: "NOT_FOUND",
        reason: "NO_SNAPSHOT",
        message: "no snapshot «x»",
        mend: "ask for another",
      });
    }),
    stats: unary(async () => {
      throw new Error("secret text");
    }),
    getChunks: serverStream(async function* () {
      for (let i = 0; i < 100; i++) yield { digest: `${i}`, data: Buffer.alloc(100_000) };
    }),
    putChunks: unary(async () => ({})),
    commit: unary(() => {
      throw new RpcError({ status: "INVALID_ARGUMENT", reason: "BAD", message: "thrown at once", mend: "do not" });
    }),
  };
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-")), "s.sock");
  server = await serveGrpc(
    Address(`unix:${path}`),
    [{ definition: snapshot.SnapshotServiceService, implementation }],
    silentLogger,
  );
  client = connect(snapshot.SnapshotServiceClient, server.address);
});

afterAll(async () => {
  client.close();
  await server.close();
});

test("a unary call answers", async () => {
  expect(await rpc(client.missing.bind(client), { team: "t", digests: ["a"] })).toEqual({ digests: ["a"] });
});

test("an error keeps status, reason, message and mend across the wire", async () => {
  await expect(rpc(client.get.bind(client), { team: "t", digest: "x" })).rejects.toMatchObject({
    status: "NOT_FOUND",
    reason: "NO_SNAPSHOT",
    message: "no snapshot «x»",
    mend: "ask for another",
  });
});

test("an error thrown before the first await is told like any other", async () => {
  await expect(rpc(client.commit.bind(client), snapshot.CommitRequest.create())).rejects.toMatchObject({
    status: "INVALID_ARGUMENT",
    reason: "BAD",
    message: "thrown at once",
    mend: "do not",
  });
});

test("an unexpected error does not leak its text", async () => {
  await expect(rpc(client.stats.bind(client), { team: "t" })).rejects.toMatchObject({ message: "internal error" });
});

test("a stream larger than its window arrives whole", async () => {
  let n = 0;
  for await (const _ of readStream(client.getChunks({ team: "t", digests: [] }))) n++;
  expect(n).toBe(100);
});

test("plain text beyond loopback is refused", () => {
  expect(() => Address("0.0.0.0:80")).toThrow(TypeError);
});

test.each(["127.0.0.1:65536", "localhost:99999"])("port of %s does not exist, which is said", (text) => {
  expect(() => Address(text)).toThrow("is above 65535");
});

test("a port in use is named", async () => {
  const first = await serveGrpc(
    Address("127.0.0.1:0"),
    [{ definition: snapshot.SnapshotServiceService, implementation: {} }],
    silentLogger,
  );
  await expect(
    serveGrpc(first.address, [{ definition: snapshot.SnapshotServiceService, implementation: {} }], silentLogger),
  ).rejects.toMatchObject({ reason: "ADDRESS_IN_USE" });
  await first.close();
});
