import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { withDefaults, WorkspacePath } from "@cofferdam/sandbox-provider";
import { findBubblewrap } from "./bubblewrap/find.ts";
import { probeNamespaceTier } from "./bubblewrap/probe.ts";
import { createNamespaceProvider, type NamespaceProvider } from "./provider.ts";
import { sh } from "./testing.ts";

const cacheDir = join(import.meta.dirname, "../../../.cofferdam/cache");
const asRoot = process.getuid?.() === 0;
let root: string;
let providers: NamespaceProvider[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cofferdam-provider-"));
  chmodSync(root, 0o711);
  providers = [];
});

afterEach(() => {
  for (const provider of providers) provider.close();
  rmSync(root, { recursive: true, force: true });
});

async function provider(): Promise<NamespaceProvider> {
  const made = await createNamespaceProvider({ bwrap: (await findBubblewrap({ cacheDir })).path, root });
  providers.push(made);
  return made;
}

const spec = (id: string) => ({ id, limits: withDefaults(undefined), environment: {}, readOnlyFolders: ["inputs"] });
const idle = {
  argv: ["sleep", "600"],
  workdir: WorkspacePath(""),
  environment: {},
  timeoutMs: 600_000,
  outputBytes: 10,
};

test("a real sandbox starts here, and the probe leaves nothing", async () => {
  const enforcement = await probeNamespaceTier(await findBubblewrap({ cacheDir }));
  expect(Object.keys(enforcement).toSorted()).toEqual(["cpu", "disk", "memory", "output", "pids", "timeout"]);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("cofferdam-probe-"))).toEqual([]);
});

test("a program that is no bubblewrap is told by what it said", async () => {
  const probing = probeNamespaceTier({ path: "/bin/false", version: "0.8.0" });
  await expect(probing).rejects.toMatchObject({ code: "USER_NAMESPACES_DENIED" });
});

test("what an earlier life left is removed: processes, folders, user ids", async () => {
  const earlier = await provider();
  const left = await earlier.create(spec("left"));
  const execution = left.exec(idle);
  execution.stdout.resume();
  execution.stderr.resume();
  while (left.pids().length < 2) await sleep(20);
  expect(await (await provider()).reap()).toEqual({ removed: 1, stuck: [] });
  await expect(execution.ended).rejects.toMatchObject({ code: "SANDBOX_LOST" });
  expect(readdirSync(join(root, "sandboxes"))).toEqual([]);
});

test("a link that stands where a mount belongs is refused, not followed", async () => {
  const made = await (await provider()).create(spec("a"));
  symlinkSync("/etc", join(made.workspace, "inputs"));
  expect(() => made.exec(idle)).toThrow("/workspace/inputs is to be mounted and is no folder");
  rmSync(join(made.workspace, "inputs"));
  expect((await sh(made, "ls")).stdout).toBe("inputs\n");
  await made.destroy();
});

test("ids and folder names that could be paths are refused", async () => {
  const tier = await provider();
  for (const id of ["", "../x", "A", "a/b", "-a"])
    await expect(tier.create(spec(id))).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  await expect(tier.create({ ...spec("a"), readOnlyFolders: ["../x"] })).rejects.toMatchObject({
    code: "ARGUMENT_INVALID",
  });
});

test("a root that sandbox users cannot enter is refused with the folder that is closed", async () => {
  if (!asRoot) return;
  chmodSync(root, 0o700);
  await expect(provider()).rejects.toMatchObject({ code: "TIER_UNAVAILABLE", message: expect.stringContaining(root) });
});

test("a sandbox that cannot be made leaves nothing", async () => {
  const tier = await provider();
  const first = await tier.create(spec("same"));
  await expect(tier.create(spec("same"))).rejects.toThrow("EEXIST");
  expect((await sh(first, "echo here")).stdout).toBe("here\n");
  await first.destroy();
  await first.destroy();
  expect(existsSync(join(root, "sandboxes/same"))).toBe(false);
});
