import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats, findNatsServer } from "@cofferdam/nats-local";
import { thisCheckout } from "@cofferdam/host-probe";

const root = join(import.meta.dirname, "..");

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("nats.conf starts a JetStream that lets in only who has the token", async () => {
  const { path } = await findNatsServer({ cacheDir: thisCheckout().cache });
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), "cofferdam-infra-"));
  const config = readFileSync(join(import.meta.dirname, "nats.conf"), "utf8")
    .replace('"/data"', JSON.stringify(dir))
    .replace('"0.0.0.0:4222"', `"127.0.0.1:${port}"`)
    .replace('"0.0.0.0:8222"', '"127.0.0.1:-1"');
  writeFileSync(join(dir, "nats.conf"), config);
  const server = spawn(path, ["-c", join(dir, "nats.conf")], {
    env: { ...process.env, COFFERDAM_NATS_TOKEN: "right" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  try {
    while (!log.includes("Server is ready")) {
      if (server.exitCode !== null) throw new Error(`nats-server ended: ${log}`);
      await sleep(20);
    }
    const monitor = /monitor on (\S+)/.exec(log)?.[1] ?? "";
    const figures: unknown = await (await fetch(`http://${monitor}/jsz`)).json();
    expect(figures).toMatchObject({ config: { sync_always: true } });
    const url = `nats://127.0.0.1:${port}`;
    await expect(connectNats(url, "wrong", "test")).rejects.toMatchObject({ code: "NATS_REFUSED" });
    const nc = await connectNats(url, "right", "test");
    const { limits } = await (await jetstreamManager(nc)).getAccountInfo();
    expect(limits.max_storage).not.toBe(0);
    await nc.close();
  } finally {
    if (server.exitCode === null) {
      server.kill("SIGTERM");
      await once(server, "exit");
    }
  }
});

test("compose.yaml sets only what the services read", () => {
  const set = new Set(
    readFileSync(join(import.meta.dirname, "compose.yaml"), "utf8").match(/^ +COFFERDAM_[A-Z_]+(?=:)/gm),
  );
  const sources = globSync(["apps/*/src/**/*.ts", "libs/service/src/*.ts"], { cwd: root });
  const read = sources.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  const unread = [...set].map((line) => line.trim()).filter((name) => !read.includes(`${name}:`));
  expect(set.size).toBeGreaterThan(10);
  expect(unread).toEqual([]);
});
