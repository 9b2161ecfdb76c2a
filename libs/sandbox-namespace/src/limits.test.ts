import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Limits, type Sandbox, withDefaults } from "@cofferdam/sandbox-provider";
import { sh, startTestTier, type TestTier } from "./testing.ts";

let tier: TestTier;

beforeAll(async () => {
  tier = await startTestTier();
});

afterAll(() => tier.close());

const limited = (limits: Partial<Limits>): Promise<Sandbox> => tier.sandbox({ limits: withDefaults(limits) });

/** What this machine can enforce decides what is expected: a limit that nothing enforces must say so. */
function enforcer(name: "memory" | "pids" | "cpu"): string {
  const report = tier.provider.describe();
  return report.available ? report.enforcement[name] : "none";
}

test("every limit names its enforcer, and none is claimed that is not there", () => {
  const report = tier.provider.describe();
  const texts = report.available ? Object.values(report.enforcement) : [];
  expect(texts).toHaveLength(6);
  for (const name of ["memory", "cpu"] as const) expect(enforcer(name)).toMatch(/^(cgroup v[12]|none \(.+\))$/);
  expect(enforcer("pids")).toMatch(/^(cgroup v[12]$|RLIMIT_NPROC)/);
});

test("memory is bounded for the sandbox as a whole, and the limit is named", async () => {
  if (enforcer("memory").startsWith("none")) return;
  const box = await limited({ memoryBytes: 96 * 2 ** 20 });
  const hog = "perl -e '$x = \"x\" x (300 << 20); print length $x'";
  expect(await sh(box, `exec ${hog}`)).toMatchObject({ limit: "memory", exitCode: 137, stdout: "" });
  expect(await sh(box, `${hog}; echo after`)).toMatchObject({ limit: "memory", exitCode: 0, stdout: "after\n" });
  const shm = await sh(box, "head -c 200M /dev/zero > /dev/shm/x; echo $?");
  expect(shm.stdout).not.toBe("0\n");
  const ok = await sh(box, "echo fine");
  expect(ok).toMatchObject({ exitCode: 0, stdout: "fine\n" });
  expect(ok.limit).toBeUndefined();
});

test("a fork bomb meets the bound, and the sandbox is usable afterwards", async () => {
  const box = await limited({ pids: 40 });
  const bomb = await sh(box, "bomb() { bomb | bomb & }; bomb; sleep 1", { timeoutMs: 5_000 });
  // A refused fork leaves a trace in a control group only.
  const named = enforcer("pids").startsWith("cgroup");
  expect(bomb.limit).toBe(named ? "pids" : undefined);
  expect(box.pids()).toEqual([]);
  expect(await sh(box, "echo fine")).toMatchObject({ exitCode: 0, stdout: "fine\n" });
});

test("the processor is shared as agreed", async () => {
  if (enforcer("cpu").startsWith("none")) return;
  const box = await limited({ cpuMillis: 100 });
  const { stdout } = await sh(box, "timeout 2 sh -c 'while :; do :; done'; times > t; tail -1 t");
  const seconds = stdout.match(/\d+\.\d+(?=s)/g)?.map(Number) ?? [];
  const used = seconds.reduce((sum, s) => sum + s, 0);
  expect(used).toBeGreaterThan(0.02);
  expect(used).toBeLessThan(0.8);
});

test("a single file cannot exceed the disk limit", async () => {
  const box = await limited({ diskBytes: 2 ** 20 });
  const run = await sh(box, "head -c 3M /dev/zero > big; echo $?; stat -c %s big");
  expect(run.stdout).toBe("153\n1048576\n");
});

test("files that exceed the disk limit together end the command, with the limit named", async () => {
  const box = await limited({ diskBytes: 8 * 2 ** 20 });
  const run = await sh(box, "for i in $(seq 1000); do head -c 1M /dev/zero > f$i; sleep 0.02; done");
  expect(run).toMatchObject({ limit: "disk", signal: 9 });
  const tidy = await sh(box, "rm f*; echo tidy");
  expect(tidy).toMatchObject({ exitCode: 0, stdout: "tidy\n" });
});

test("a tree deeper than any path reaches cannot hide what it holds, and is removed with the sandbox", async () => {
  const box = await limited({ diskBytes: 64 * 2 ** 20 });
  const dig = `for (1..60) { mkdir "d" x 200; chdir "d" x 200 or die } print "deep\\n"; sleep 5`;
  const run = await sh(box, `perl -e '$| = 1; ${dig}'`);
  expect(run.stdout).toBe("deep\n");
  expect(run.limit).toBe("disk");
  const folder = join(tier.root, "sandboxes", box.id);
  await box.destroy();
  expect(existsSync(folder)).toBe(false);
});

test("descriptors are bounded, and no core is dumped", async () => {
  const box = await limited({});
  expect((await sh(box, "ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hc")).stdout).toBe("4096\n4096\n0\n0\n");
});
