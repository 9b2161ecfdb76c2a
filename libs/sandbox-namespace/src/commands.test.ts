import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Sandbox, withDefaults, WorkspacePath } from "@cofferdam/sandbox-provider";
import { run, sh, startTestTier, type TestTier } from "./testing.ts";

let tier: TestTier;
let box: Sandbox;

beforeAll(async () => {
  tier = await startTestTier();
  box = await tier.sandbox({ environment: { COLOUR: "blue", SHADE: "dark" } });
});

afterAll(() => tier.close());

test("exit codes arrive as they are", async () => {
  for (const code of [0, 1, 7, 128, 129, 255]) {
    expect(await sh(box, `exit ${code}`)).toMatchObject({ exitCode: code, signal: 0 });
  }
});

test("a signal that ends the command is told as a shell tells it, without words of our own", async () => {
  expect(await sh(box, "kill -SEGV $$")).toMatchObject({ exitCode: 139, stdout: "", stderr: "" });
  expect(await sh(box, "kill -KILL $$")).toMatchObject({ exitCode: 137, stderr: "" });
});

test("a signal from the caller reaches the command and its children, and is named", async () => {
  const execution = box.exec({
    argv: ["bash", "-c", "echo up; sleep 60 & wait"],
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 30_000,
    outputBytes: 100,
  });
  execution.stderr.resume();
  for await (const _ of execution.stdout) execution.signal(15);
  const result = await execution.ended;
  expect(result.signal).toBe(15);
  expect(result.exitCode).toBeUndefined();
  expect(result.durationMs).toBeLessThan(20_000);
});

test("a command that handles a signal decides itself how it ends", async () => {
  const script = "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done";
  const execution = box.exec({
    argv: ["bash", "-c", script],
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 30_000,
    outputBytes: 100,
  });
  execution.stderr.resume();
  let said = "";
  for await (const chunk of execution.stdout) {
    if (said === "") execution.signal(15);
    said += String(chunk);
  }
  expect(said).toBe("up\nbye\n");
  expect(await execution.ended).toMatchObject({ exitCode: 3, signal: 0 });
});

test("a program that is not there is 127, one that cannot run 126, as in a shell", async () => {
  expect((await run(box, ["no-such-program"])).exitCode).toBe(127);
  expect((await run(box, ["/etc/passwd"])).exitCode).toBe(126);
});

test("a folder that is not there is said on standard error", async () => {
  const result = await run(box, ["true"], { workdir: WorkspacePath("nowhere") });
  expect(result.exitCode).toBe(126);
  expect(result.stderr).toContain("/workspace/nowhere");
});

test("input goes in as bytes and output comes out as bytes, of any value", async () => {
  const all = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  expect((await run(box, ["cat"], { input: all })).bytes.equals(all)).toBe(true);
});

test("the standard streams can be opened again by their names", async () => {
  const result = await sh(box, "cat /dev/stdin > /dev/stdout; echo no > /dev/stderr; echo yes | tee /dev/stderr", {
    input: "in\n",
  });
  expect(result).toMatchObject({ exitCode: 0, stdout: "in\nyes\n", stderr: "no\nyes\n" });
});

test("ten megabytes of output arrive whole, on either stream", async () => {
  const size = 10 * 2 ** 20;
  const result = await sh(box, `head -c ${size} /dev/zero; head -c ${size} /dev/zero >&2`);
  expect([result.stdout.length, result.stderr.length]).toEqual([size, size]);
}, 60_000);

test("arguments arrive as they are, whatever characters they hold", async () => {
  const odd = ["a b", "$(id)", "`id`", "", "*", "\n", "'\"", "\\", "-x", "--", "ü€😀"];
  const printed = await run(box, ["node", "-p", "JSON.stringify(process.argv.slice(1))", "--", ...odd]);
  expect(JSON.parse(printed.stdout)).toEqual(odd);
});

test("the environment is the sandbox's and the command's, the command's first, and nothing else", async () => {
  const { stdout } = await run(box, ["env"], { environment: { SHADE: "light", EMPTY: "", BASH_ENV: "/workspace/x" } });
  expect(stdout.trim().split("\n").sort()).toEqual([
    "BASH_ENV=/workspace/x",
    "COLOUR=blue",
    "EMPTY=",
    "HOME=/workspace",
    "LANG=C.UTF-8",
    "LOGNAME=agent",
    "PATH=/opt/cofferdam/bin:/usr/local/bin:/usr/bin:/bin",
    "SHADE=light",
    "SHELL=/bin/bash",
    "TMPDIR=/tmp",
    "USER=agent",
  ]);
});

test("Node is there, and the user has a name", async () => {
  expect((await sh(box, "node -p process.version; whoami; pwd; hostname")).stdout).toBe(
    `${process.version}\nagent\n/workspace\nsandbox\n`,
  );
});

test("the workspace and /tmp outlive the command; processes do not", async () => {
  const { stdout } = await sh(
    box,
    "echo 1 > kept; echo 2 > /tmp/kept; (sleep 300; echo) > /dev/null 2>&1 & setsid sleep 301 & echo started",
  );
  expect(stdout).toBe("started\n");
  expect(box.pids()).toEqual([]);
  expect((await sh(box, "cat kept /tmp/kept; pgrep -c sleep")).stdout).toBe("1\n2\n0\n");
});

test("files are owned by the sandbox's own user, on the outside by one that nobody else has", async () => {
  const other = await tier.sandbox();
  await sh(box, "touch mine");
  await sh(other, "touch mine");
  const uids = [box, other].map((s) => statSync(join(s.workspace, "mine")).uid);
  expect(uids).toEqual([box.owner.uid, other.owner.uid]);
  if (process.getuid?.() !== 0) return;
  expect(uids[0]).not.toBe(uids[1]);
  expect(Math.min(...uids)).toBeGreaterThanOrEqual(200_000);
});

test("commands run side by side", async () => {
  const results = await Promise.all([1, 2, 3, 4, 5].map((n) => sh(box, `echo ${n}; sleep 0.2; echo ${n}`)));
  expect(results.map((r) => r.stdout)).toEqual([1, 2, 3, 4, 5].map((n) => `${n}\n${n}\n`));
});

test("names that are not UTF-8 survive", async () => {
  const { stdout } = await sh(box, "mkdir odd && cd odd && touch $'\\xff\\xfe' $'new\\nline' && ls -b");
  expect(stdout).toBe("new\\nline\n\\377\\376\n");
});

test("a command that takes too long is ended with all its children", async () => {
  const result = await sh(box, "(while :; do :; done) & sleep 300 & wait", { timeoutMs: 300 });
  expect(result).toMatchObject({ limit: "timeout", signal: 9 });
  expect(result.durationMs).toBeLessThan(10_000);
  expect(box.pids()).toEqual([]);
});

test("a command that writes too much is ended, and its first output is kept", async () => {
  const result = await run(box, ["yes"], { outputBytes: 1_000 });
  expect(result).toMatchObject({ limit: "output", signal: 9 });
  expect(result.stdout).toBe("y\n".repeat(500));
});

test("descriptors beyond the three are not there, though the broker's parent had left one open", async () => {
  const { stdout } = await sh(box, "ls /proc/self/fd");
  expect(stdout.trim().split("\n")).toEqual(["0", "1", "2", "3"]);
});

test("a destroyed sandbox leaves nothing, and refuses further commands", async () => {
  const gone = await tier.sandbox();
  const execution = gone.exec({
    argv: ["sleep", "300"],
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 60_000,
    outputBytes: 10,
  });
  execution.stdout.resume();
  execution.stderr.resume();
  await sleep(100);
  await gone.destroy();
  await expect(execution.ended).resolves.toMatchObject({ signal: 9 });
  expect(existsSync(gone.workspace)).toBe(false);
  expect(readdirSync(join(tier.root, "sandboxes"))).not.toContain(gone.id);
  expect(() =>
    gone.exec({ argv: ["true"], workdir: WorkspacePath(""), environment: {}, timeoutMs: 1, outputBytes: 1 }),
  ).toThrow("was destroyed");
});

test("a command that is killed from outside is no outcome", async () => {
  const hit = await tier.sandbox();
  const execution = hit.exec({
    argv: ["bash", "-c", "echo up; sleep 300"],
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 60_000,
    outputBytes: 10,
  });
  execution.stderr.resume();
  for await (const _ of execution.stdout) for (const pid of hit.pids()) process.kill(pid, "SIGKILL");
  await expect(execution.ended).rejects.toMatchObject({ code: "SANDBOX_LOST" });
});

test("limits have defaults where none are given", () => {
  expect(withDefaults({ pids: 0, memoryBytes: 5 })).toMatchObject({ pids: 512, memoryBytes: 5 });
});
