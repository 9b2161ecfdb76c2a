import { createRequire } from "node:module";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { snapshot } from "@cofferdam/contracts";
import { Address, checkHealth, type RunningServer, serveGrpc, silentLogger } from "./index.ts";

const require = createRequire(import.meta.url);
let server: RunningServer;
beforeAll(async () => {
  const path = join(mkdtempSync(join(tmpdir(), "cofferdam-reflection-")), "s");
  server = await serveGrpc(
    Address(`unix:${path}`),
    [{ definition: snapshot.SnapshotServiceService, implementation: {} }],
    silentLogger,
  );
});
afterAll(() => server.close());

/** What grpcurl does: ask for the list of services, with the library's own proto files. */
function listServices(version: "v1" | "v1alpha"): Promise<string[]> {
  const { loadSync } = require("@grpc/proto-loader");
  const folder = join(require.resolve("@grpc/reflection"), "../../proto/grpc/reflection", version);
  const definition = loadPackageDefinition(loadSync(join(folder, "reflection.proto")));
  const path = ["grpc", "reflection", version, "ServerReflection"];
  const Reflection = path.reduce<unknown>((at, name) => Reflect.get(Object(at), name), definition);
  const client = new (Reflection as ServiceClientConstructor)(server.address, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    const stream = client["ServerReflectionInfo"]?.call(client);
    stream.on("error", reject);
    stream.on("data", (reply: { listServicesResponse: { service: { name: string }[] } }) => {
      resolve(reply.listServicesResponse.service.map(({ name }) => name));
      stream.end();
      client.close();
    });
    stream.write({ listServices: "" });
  });
}

test.each(["v1", "v1alpha"] as const)("reflection %s names the services that are served", async (version) => {
  expect(await listServices(version)).toContain("cofferdam.snapshot.v1.SnapshotService");
});

test("health is served from the start and nobody has to ask for it first", async () => {
  expect(await checkHealth(server.address, 5_000)).toBe("SERVING");
});

test("where nothing listens health is unknown, within the bound", async () => {
  expect(await checkHealth(Address("unix:/nonexistent/s"), 200)).toBe("UNKNOWN");
});
