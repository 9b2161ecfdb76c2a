import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { countingAgent } from "./testing/counting-agent.ts";
import { Installation, processesWith } from "./testing/installation.ts";

/** Only root may mount the small file system that these tests fill; elsewhere they are reported as skipped. */
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

let installation: Installation;
let disk: string;
beforeEach(async () => {
  installation = await Installation.create();
  disk = join(installation.dir, "disk");
});
afterEach(async () => {
  await installation.endAll();
  if (existsSync(disk)) execFileSync("umount", [disk]);
  await installation.remove();
});

function mountDisk(size: string): { COFFERDAM_HOME: string } {
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
  return { COFFERDAM_HOME: join(disk, "home") };
}

asRoot("on a small file system", () => {
  test("a disk that is full before anything starts is named, with what is needed", async () => {
    installation.write(countingAgent({ steps: 1 }));
    const { ended, answer } = await installation.json(["run", "manifest.yaml"], mountDisk("32m"));
    expect(ended.code).toBe(4);
    expect(answer).toMatchObject({ error: { code: "DISK_FULL", mend: expect.stringContaining("COFFERDAM_HOME") } });
  });

  test("a disk that fills up during a run ends it with the reason; the home stays usable and verifies", async () => {
    const env = mountDisk("96m");
    // Each step keeps 20 MB that do not compress.
    installation.write(countingAgent({ steps: 8, also: "head -c 20000000 /dev/urandom > out/big$RANDOM$$" }));
    const { ended, answer } = await installation.json(["run", "manifest.yaml"], env);
    expect(ended.code).toBe(1);
    expect(answer).toMatchObject({
      run: { status: "RUN_STATUS_FAILED", failure: { message: expect.stringContaining("free space") } },
      ledger: { state: "verified" },
    });
    expect(await processesWith(disk)).toEqual([]);
    expect((await installation.run(["runs"], env)).code).toBe(0);
  });
});
