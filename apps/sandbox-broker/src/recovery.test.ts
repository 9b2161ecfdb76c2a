import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { sandbox } from "@cofferdam/contracts";
import { Address, connect, rpc } from "@cofferdam/service";
import { acquire, exec, failure, holder, testBubblewrap, testFolder } from "./testing.ts";

// The broker and the snapshot store as they are deployed: processes of their own, which can be killed.

let folder: string;
let store: ChildProcess;
let broker: ChildProcess;
let client: sandbox.SandboxServiceClient;

beforeEach(async () => {
  folder = testFolder();
  store = await start("snapshot-store", {
    COFFERDAM_LISTEN: `unix:${folder}/s.sock`,
    COFFERDAM_DATA_DIR: join(folder, "objects"),
  });
  await startBroker();
});

afterEach(async () => {
  client.close();
  await stop(broker, "SIGTERM");
  await stop(store, "SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

async function startBroker(): Promise<void> {
  broker = await start("sandbox-broker", {
    COFFERDAM_LISTEN: `unix:${folder}/b.sock`,
    COFFERDAM_DATA_DIR: join(folder, "state"),
    COFFERDAM_SANDBOX_ROOT: join(folder, "root"),
    COFFERDAM_SNAPSHOT_STORE: `unix:${folder}/s.sock`,
    COFFERDAM_BWRAP: await testBubblewrap(),
  });
  client = connect(sandbox.SandboxServiceClient, Address(`unix:${folder}/b.sock`));
}

async function start(name: string, env: Record<string, string>): Promise<ChildProcess> {
  const main = join(import.meta.dirname, `../../${name}/src/main.ts`);
  const common = { PATH: process.env["PATH"] ?? "", COFFERDAM_TEAM: "care", COFFERDAM_LOG_LEVEL: "error" };
  const child = spawn(process.execPath, ["--conditions=@cofferdam/source", main], {
    env: { ...common, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('"ready":true')) return child;
  throw new Error(`${name} did not start`);
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

async function killBroker(): Promise<void> {
  client.close();
  await stop(broker, "SIGKILL");
}

const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
};

const checkpoint = (sandboxId: string, parentDigest = "") =>
  rpc(client.checkpoint.bind(client), { holder: holder(), sandboxId, parentDigest });

test("a workspace is checkpointed and restored byte for byte, with modes, links and odd names, and without its mounts", async () => {
  const first = await acquire(client, { directories: ["out"] });
  await exec(
    client,
    first.sandboxId,
    "mkdir -p d/e; echo a > d/a; chmod 640 d/a; ln -s a d/l; ln d/a d/h; touch $'o\\xff\\nd'; head -c 300000 /dev/urandom > big; mkfifo pipe",
  );
  const one = await checkpoint(first.sandboxId);
  expect(one.written).toEqual(expect.arrayContaining(["big", "d", "d/a", "d/h", "d/l", "out"]));
  expect(one.storedBytes).toBeGreaterThan(300_000);
  await exec(client, first.sandboxId, "rm d/l; echo more >> d/a");
  const two = await checkpoint(first.sandboxId, one.snapshotDigest);
  expect(two).toMatchObject({ written: ["d/a", "d/h"], removed: ["d/l"] });
  expect(two.storedBytes).toBeLessThan(100);
  const list =
    "find . -mindepth 1 -printf '%P %y %m %l %n %s\\n' | grep -v '^pipe\\|^inputs' | sort; sha256sum big d/a";
  const before = (await exec(client, first.sandboxId, list)).stdout;
  const mounts = [{ treeDigest: one.treeDigest, paths: ["d"], target: "inputs/old" }];
  const second = await acquire(client, { snapshotDigest: two.snapshotDigest, mounts });
  expect((await exec(client, second.sandboxId, list)).stdout).toBe(before);
  expect(
    (
      await exec(
        client,
        second.sandboxId,
        "find inputs -type f | sort; cat inputs/old/d/a; stat -c %U d/a big inputs/old/d/a",
      )
    ).stdout,
  ).toBe("inputs/old/d/a\ninputs/old/d/h\na\nagent\nagent\nagent\n");
  const three = await checkpoint(second.sandboxId, two.snapshotDigest);
  expect(three).toMatchObject({ treeDigest: two.treeDigest, written: [], removed: [], storedBytes: 0 });
});

test("a snapshot that is not there is an error, and leaves nothing behind", async () => {
  const error = await failure(acquire(client, { snapshotDigest: `sha256:${"0".repeat(64)}` }));
  expect(error.status).toBe("NOT_FOUND");
  expect(readdirSync(join(folder, "root/sandboxes"))).toEqual([]);
});

test("a checkpoint of a running command is one point in time, and the command goes on", async () => {
  const { sandboxId } = await acquire(client);
  await exec(client, sandboxId, "echo 0 | tee a > b");
  const step = "echo $i > t; mv t a; echo $i > t; mv t b";
  const script = `for i in $(seq 100); do ${step}; sleep 0.01; done; echo done`;
  const running = exec(client, sandboxId, script);
  for (let i = 0; i < 3; i++) {
    await sleep(100);
    const { snapshotDigest } = await checkpoint(sandboxId);
    const copy = await acquire(client, { snapshotDigest });
    const { stdout } = await exec(client, copy.sandboxId, "echo $(($(cat a) - $(cat b)))");
    expect(["0\n", "1\n"]).toContain(stdout);
  }
  expect(await running).toMatchObject({ stdout: "done\n", outcome: { exitCode: 0 } });
});

test("when the broker is killed its commands die with it, and its restart leaves no trace of them", async () => {
  const { sandboxId } = await acquire(client, { acquireId: "a" });
  await exec(client, sandboxId, "echo kept > file");
  const { snapshotDigest } = await checkpoint(sandboxId);
  const running = failure(exec(client, sandboxId, "setsid nohup sleep 300 & sleep 301"));
  await sleep(300);
  const { sandboxes } = await rpc(client.describe.bind(client), {});
  const pids = sandboxes[0]?.pids ?? [];
  expect(pids.length).toBeGreaterThanOrEqual(2);

  await killBroker();
  await running;
  for (let i = 0; i < 50 && pids.some(isRunning); i++) await sleep(20);
  expect(pids.filter(isRunning)).toEqual([]);
  expect(existsSync(join(folder, "root/sandboxes", sandboxId))).toBe(true);

  await startBroker();
  expect(readdirSync(join(folder, "root/sandboxes"))).toEqual([]);
  expect(await failure(exec(client, sandboxId, "true"))).toMatchObject({ status: "NOT_FOUND", reason: "SANDBOX_LOST" });
  expect(await failure(acquire(client, { holder: holder(0) }))).toMatchObject({ reason: "FENCED" });
  const next = await acquire(client, { acquireId: "a", snapshotDigest });
  expect((await exec(client, next.sandboxId, "cat file")).stdout).toBe("kept\n");
});

test("what survives the broker's death is killed at its restart", async () => {
  const { sandboxId } = await acquire(client);
  const running = failure(exec(client, sandboxId, "echo; sleep 300"));
  await sleep(300);
  const { sandboxes, tiers } = await rpc(client.describe.bind(client), {});
  if (!tiers[0]?.enforcement["memory"]?.startsWith("cgroup")) {
    await killBroker();
    await running;
    return startBroker();
  }
  // A process of the sandbox's user and groups that no parent's death reaches, as one would be that a command had set free.
  const pid = sandboxes[0]?.pids[0] ?? -1;
  const orphan = spawn("sleep", ["300"], { detached: true, stdio: "ignore" });
  orphan.unref();
  const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .split("\n")
    .filter((line) => line.includes("cofferdam"));
  expect(groups.length).toBeGreaterThan(0);
  moveInto(groups, orphan.pid ?? -1);
  await killBroker();
  await running;
  expect(isRunning(orphan.pid ?? -1)).toBe(true);
  await startBroker();
  await sleep(50);
  expect(isRunning(orphan.pid ?? -1)).toBe(false);
});

function moveInto(lines: readonly string[], pid: number): void {
  for (const line of lines) {
    const [, controller, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const mount =
      controller === "" ? ["unified", "."].find((m) => existsSync(`/sys/fs/cgroup/${m}${path}`)) : controller;
    writeProcs(`/sys/fs/cgroup/${mount}${path}/cgroup.procs`, pid);
  }
}

function writeProcs(file: string, pid: number): void {
  writeFileSync(file, String(pid));
}
