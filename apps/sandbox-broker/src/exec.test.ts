import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { readStream, rpc } from "@cofferdam/service";
import type { sandbox } from "@cofferdam/contracts";
import { acquire, exec, failure, holder, startTestBroker, type TestBroker } from "./testing.ts";

let broker: TestBroker;
let id: string;

beforeAll(async () => {
  broker = await startTestBroker();
  id = (await acquire(broker.client, { environment: { A: "1" }, directories: ["out/deep"] })).sandboxId;
});

afterAll(() => broker.close());

test("a command runs and its outcome tells what it wrote", async () => {
  const run = await exec(broker.client, id, "cat; echo $A$B; echo bad >&2; ls -d out/deep; exit 4", {
    input: "hello\n",
    environment: { B: "2" },
  });
  expect(run).toMatchObject({ stdout: "hello\n12\nout/deep\n", stderr: "bad\n" });
  expect(run.outcome).toMatchObject({
    exitCode: 4,
    signal: 0,
    limit: "",
    replayed: false,
    stdoutBytes: 18,
    stderrBytes: 4,
  });
});

test("the same exec id is executed once, and gives the same answer again", async () => {
  const execId = randomUUID();
  const script = "echo run >> count; wc -l < count; head -c 3000000 /dev/zero | tr '\\0' x";
  const first = await exec(broker.client, id, script, { execId });
  const again = await exec(broker.client, id, script, { execId });
  expect(again.stdout).toBe(first.stdout);
  expect(again.stdout.length).toBe(3_000_002);
  expect(again.outcome).toEqual({ ...first.outcome, replayed: true });
});

test("an exec id that stands for another command is refused", async () => {
  const execId = randomUUID();
  await exec(broker.client, id, "true", { execId });
  expect(await failure(exec(broker.client, id, "false", { execId }))).toMatchObject({ reason: "EXEC_ID_REUSED" });
});

test("a repeated request attaches to the command that runs, from its first byte", async () => {
  const execId = randomUUID();
  const script = "echo run >> attached; echo first; sleep 0.5; echo last; wc -l < attached";
  const one = exec(broker.client, id, script, { execId });
  await sleep(200);
  const two = exec(broker.client, id, script, { execId });
  const [a, b] = await Promise.all([one, two]);
  expect(a.stdout).toBe("first\nlast\n1\n");
  expect(b.stdout).toBe(a.stdout);
});

test("a caller that goes away does not stop the command, and finds its outcome later", async () => {
  const execId = randomUUID();
  const start = {
    holder: holder(),
    sandboxId: id,
    execId,
    argv: ["bash", "-c", "echo begun; sleep 0.4; echo done | tee left"],
    workdir: "",
    environment: {},
    timeoutMs: 0,
    step: 0,
  };
  const call = broker.client.exec();
  call.write({ request: { $case: "start", value: start } });
  for await (const _ of readStream<sandbox.ExecResponse>(call)) break;
  await sleep(800);
  const later = await exec(broker.client, id, "", { execId, argv: start.argv });
  expect(later).toMatchObject({ stdout: "begun\ndone\n", outcome: { exitCode: 0, replayed: true } });
});

test("a signal reaches the command", async () => {
  const call = broker.client.exec();
  const value = {
    holder: holder(),
    sandboxId: id,
    execId: randomUUID(),
    argv: ["bash", "-c", "echo up; exec sleep 60"],
    workdir: "",
    environment: {},
    timeoutMs: 0,
    step: 0,
  };
  call.write({ request: { $case: "start", value } });
  let outcome: sandbox.ExecOutcome | undefined;
  for await (const { response } of readStream<sandbox.ExecResponse>(call)) {
    if (response?.$case === "stdout") call.write({ request: { $case: "signal", value: 15 } });
    if (response?.$case === "outcome") outcome = response.value;
  }
  expect(outcome).toMatchObject({ signal: 15 });
  expect(outcome?.exitCode).toBeUndefined();
});

test("the sandbox's time limit bounds what a request may ask", async () => {
  const { sandboxId } = await acquire(broker.client, {
    limits: { memoryBytes: 0, pids: 0, cpuMillis: 0, diskBytes: 0, execTimeoutMs: 300, outputBytes: 50 },
  });
  const timedOut = await exec(broker.client, sandboxId, "sleep 60", { timeoutMs: 60_000 });
  expect(timedOut.outcome).toMatchObject({ limit: "timeout", signal: 9 });
  const talkative = await exec(broker.client, sandboxId, "yes");
  expect(talkative.outcome).toMatchObject({ limit: "output", stdoutBytes: 50 });
  expect(talkative.stdout.length).toBe(50);
  await rpc(broker.client.release.bind(broker.client), { holder: holder(), sandboxId });
});

test.each<[string, Partial<sandbox.ExecStart>, string]>([
  ["no exec id", { execId: "" }, "ARGUMENT_INVALID"],
  ["nothing to run", { argv: [] }, "ARGUMENT_INVALID"],
  ["a folder outside", { workdir: "../etc" }, "PATH_INVALID"],
  ["another team", { holder: { ...holder(), team: "other" } }, "WRONG_TEAM"],
  ["no holder", { holder: undefined }, "ARGUMENT_INVALID"],
  ["a log that is no log", { holder: { ...holder(), log: "../x" } }, "ARGUMENT_INVALID"],
  ["another log's sandbox", { holder: { ...holder(), log: "run2" } }, "SANDBOX_UNKNOWN"],
])("%s is refused with a reason", async (_, over, reason) => {
  expect(await failure(exec(broker.client, id, "true", over))).toMatchObject({ reason });
});

test("a stream that does not begin with start is refused", async () => {
  const call = broker.client.exec();
  call.write({ request: { $case: "closeStdin", value: true } });
  const read = async () => {
    for await (const _ of readStream(call)) continue;
  };
  expect(await failure(read())).toMatchObject({ reason: "ARGUMENT_INVALID" });
});
