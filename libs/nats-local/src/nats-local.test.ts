import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { connectNats, findNatsServer, startNats } from "./index.ts";
import { commandLine } from "./process-identity.ts";
import { withNats } from "./testing.ts";

const cacheDir = fileURLToPath(new URL("../../../.cofferdam/cache", import.meta.url));
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cofferdam-nats-local-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test("a server starts on loopback with a private token and ends without leaving a process", async () => {
  const { path: binary } = await findNatsServer({ cacheDir });
  const server = await startNats({ binary, storeDir: join(dir, "s") });
  expect(server.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  expect((await stat(server.tokenFile)).mode & 0o777).toBe(0o600);
  expect(await commandLine(server.pid)).not.toContain(server.token);
  const nc = await connectNats(server.url, server.token, "t");
  expect(nc.info?.version).toMatch(/^\d+\./);
  await nc.close();
  await server.close();
  expect(await commandLine(server.pid)).toBeUndefined();
  const again = await startNats({ binary, storeDir: join(dir, "s") });
  expect(again.token).toBe(server.token);
  await again.close();
});

test("a wrong token and a dead address are told apart", async () => {
  const nats = await withNats();
  await expect(connectNats(nats.url, "no", "t")).rejects.toMatchObject({ code: "NATS_REFUSED" });
  await nats.close();
  await expect(connectNats(nats.url, nats.token, "t")).rejects.toMatchObject({ code: "NATS_UNREACHABLE" });
});

test("a store that a live process uses is refused", async () => {
  const { path: binary } = await findNatsServer({ cacheDir });
  const server = await startNats({ binary, storeDir: dir });
  await expect(startNats({ binary, storeDir: dir })).rejects.toMatchObject({ code: "NATS_STORE_IN_USE" });
  await server.close();
});

test("a port in use is named", async () => {
  const { path: binary } = await findNatsServer({ cacheDir });
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => other.once("listening", done));
  const address = other.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  await expect(startNats({ binary, storeDir: dir, port: address.port })).rejects.toMatchObject({
    code: "NATS_PORT_IN_USE",
  });
  other.close();
});

test("a server that dies at its start gives its last words", async () => {
  const binary = join(dir, "nats-server");
  await writeFile(binary, "#!/bin/sh\necho no space left >&2\nexit 3\n");
  await chmod(binary, 0o755);
  await expect(startNats({ binary, storeDir: join(dir, "s") })).rejects.toMatchObject({
    code: "NATS_START_FAILED",
    message: expect.stringContaining("no space left"),
  });
});

test("a missing and an old server are told apart", async () => {
  await expect(findNatsServer({ env: { PATH: dir } })).rejects.toMatchObject({ code: "NATS_NOT_FOUND" });
  const old = join(dir, "nats-server");
  await writeFile(old, "#!/bin/sh\necho nats-server: v2.9.10\n");
  await chmod(old, 0o755);
  await expect(findNatsServer({ env: { PATH: dir } })).rejects.toMatchObject({ code: "NATS_TOO_OLD" });
  await expect(findNatsServer({ env: { COFFERDAM_NATS_SERVER: old } })).rejects.toMatchObject({ code: "NATS_TOO_OLD" });
});

const child = `
  const { startNats } = await import(process.argv[1]);
  const server = await startNats({ binary: process.argv[2], storeDir: process.argv[3] });
  process.stdout.write(String(server.pid));
  setInterval(() => {}, 1000);
`;

test("the server does not outlive a parent that was killed, and its store can be taken over", async () => {
  const { path: binary } = await findNatsServer({ cacheDir });
  const index = new URL("index.ts", import.meta.url).href;
  const parent = spawn(
    process.execPath,
    ["--conditions=@cofferdam/source", "--input-type=module", "-e", child, index, binary, dir],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const pid = Number(await new Promise((done) => parent.stdout.once("data", (data) => done(String(data)))));
  const ended = new Promise((done) => parent.once("exit", done));
  parent.kill("SIGKILL");
  await ended;
  const successor = await startNats({ binary, storeDir: dir });
  expect(successor.pid).not.toBe(pid);
  for (let i = 0; i < 200 && (await commandLine(pid)) !== undefined; i++) await sleep(20);
  expect(await commandLine(pid)).toBeUndefined();
  expect(await readFile(join(dir, "nats-server.pid"), "utf8")).toContain(String(successor.pid));
  await successor.close();
});
