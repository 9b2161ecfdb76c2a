import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Address, checkHealth } from "./index.ts";

/** A service in a process of its own; what its `create` does is the test's text. */
const program = (create: string, fields = "{}"): string => `
  import { runService, serveGrpc, Address, natsFields } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
  import { snapshot } from "@cofferdam/contracts";
  const served = { definition: snapshot.SnapshotServiceService, implementation: {} };
  await runService("probe", ${fields}, async (context) => { ${create} });
`;
const serves = `return serveGrpc(Address(process.env.LISTEN), [served], context.logger);`;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let dir: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-service-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function start(text: string, env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ["--conditions=@cofferdam/source", "--input-type=module-typescript", "-e", text],
    {
      cwd: import.meta.dirname,
      env: { PATH: process.env["PATH"], COFFERDAM_TEAM: "t", LISTEN: `unix:${join(dir, "s")}`, ...env },
    },
  );
  children.push(child);
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (data) => (stderr += String(data)));
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    child.stdout.on("data", (data) => {
      stdout += String(data);
      if (stdout.includes("\n")) resolve(JSON.parse(stdout.slice(0, stdout.indexOf("\n"))));
    });
  });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  return { child, ready, ended };
}

test("a service announces that it is ready and ends with 0 on SIGTERM", async () => {
  const { child, ready, ended } = start(program(serves));
  expect(await ready).toMatchObject({
    ready: true,
    service: "probe",
    pid: child.pid,
    address: `unix:${join(dir, "s")}`,
  });
  expect(await checkHealth(Address(`unix:${join(dir, "s")}`), 5_000)).toBe("SERVING");
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr).toContain('"stopped"');
});

test("a second signal cuts a shutdown that hangs", async () => {
  const { child, ready, ended } = start(
    program(`return { close: () => new Promise(() => setInterval(() => {}, 1e3)) };`),
  );
  await ready;
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGINT"), 200);
  expect((await ended).code).toBe(130);
});

test("a shutdown that hangs ends with its grace period", async () => {
  const { child, ready, ended } = start(
    program(`return { close: () => new Promise(() => setInterval(() => {}, 1e3)) };`),
    { COFFERDAM_SHUTDOWN_MS: "100" },
  );
  await ready;
  child.kill("SIGTERM");
  expect((await ended).code).toBe(143);
});

test("a child ends with its parent where that is asked for", async () => {
  const { child, ready, ended } = start(program(serves), { COFFERDAM_EXIT_WITH_PARENT: "1" });
  await ready;
  child.stdin.end();
  expect((await ended).code).toBe(0);
});

test("an uncaught error is logged once and ends with 1, nothing of it on standard output", async () => {
  const { ended } = start(program(`setTimeout(() => { throw new Error("boom"); }, 50); ${serves}`));
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr.match(/uncaught error/g)).toHaveLength(1);
  expect(stdout).not.toContain("boom");
});

test("a dead NATS is told within its bound, with the mend, and ends with 4", async () => {
  const { ended } = start(program(`await context.nats();`, "natsFields"), {
    COFFERDAM_NATS_URL: "nats://127.0.0.1:1",
    COFFERDAM_NATS_WAIT_MS: "300",
  });
  const { code, stderr } = await ended;
  expect(code).toBe(4);
  expect(stderr).toContain("no NATS server answered at nats://127.0.0.1:1 within 300 ms");
});

test("a wrong configuration ends with 2 and names every variable", async () => {
  const { code, stderr, stdout } = await start(program(serves, "natsFields"), { COFFERDAM_TEAM: "?" }).ended;
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/COFFERDAM_TEAM is wrong[^]*COFFERDAM_NATS_URL is not set/);
});

test("a collector without the package that sends to it is an error, not silence", async () => {
  const { code, stderr } = await start(program(serves), { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }).ended;
  expect(code).toBe(4);
  expect(stderr).toContain("npm install @opentelemetry/sdk-node");
});

test("a socket that a live service uses is not taken away, one of a killed service is", async () => {
  const first = start(program(serves));
  await first.ready;
  const { code, stderr } = await start(program(serves)).ended;
  expect(code).toBe(4);
  expect(stderr).toContain("cannot listen on unix:");
  first.child.kill("SIGKILL");
  await first.ended;
  const third = start(program(serves));
  await third.ready;
  expect(await checkHealth(Address(`unix:${join(dir, "s")}`), 5_000)).toBe("SERVING");
});
