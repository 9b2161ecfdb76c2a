import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { probeHost } from "./probe-host.ts";
import { cgroupMounts } from "./probes/control-groups.ts";

test("this machine is described, and whatever is not well comes with its mend", async () => {
  const findings = await probeHost();
  expect(findings.find(({ name }) => name === "node")?.status).toBe("ok");
  for (const { name, status, detail, mend } of findings) {
    expect(detail).not.toBe("");
    expect([name, status === "ok" || mend !== undefined]).toEqual([name, true]);
  }
  expect(new Set(findings.map(({ name }) => name)).size).toBe(findings.length);
});

test("an empty checkout on an empty PATH lacks packages, programs and a sandbox", async () => {
  const root = mkdtempSync(join(tmpdir(), "cofferdam-empty-"));
  mkdirSync(join(root, "cache"));
  writeFileSync(
    join(root, "package-lock.json"),
    JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } }),
  );
  const findings = await probeHost({ checkout: { root, cache: join(root, "cache") }, env: { PATH: "" } });
  const lacking = findings.filter(({ status }) => status === "missing").map(({ name }) => name);
  expect(lacking).toEqual(expect.arrayContaining(["npm-packages", "nats-server", "bubblewrap", "sandbox"]));
});

test("control groups of both versions are read from the mounts", () => {
  const mounts = [
    "tmpfs /sys/fs/cgroup tmpfs rw 0 0",
    "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0",
    "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
  ];
  expect(cgroupMounts(mounts.join("\n"))).toEqual([
    { path: "/sys/fs/cgroup/memory", type: "cgroup", options: ["rw", "relatime", "memory"] },
    { path: "/sys/fs/cgroup/unified", type: "cgroup2", options: ["rw"] },
  ]);
});
