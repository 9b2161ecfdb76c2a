import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
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

  test("a disk that fills up during a run is said, the run waits, and goes on when there is room again", async () => {
    const env = mountDisk("128m");
    installation.write(countingAgent({ steps: 8, also: "head -c 2000000 /dev/urandom > out/noise$RANDOM$$" }));
    const running = installation.start(["run", "manifest.yaml"], env);
    await running.until(/step 2 committed/);
    const filler = join(disk, "filler");
    fill(filler);
    await running.until(/nearly full/);
    // Reading needs no room worth mentioning.
    expect((await installation.run(["runs"], env)).code).toBe(0);
    rmSync(filler);
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).toMatch(/there is room again/);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/steps executed once: 8 of 8[^]*ledger: verified/)]);
    expect(await processesWith(disk)).toEqual([]);
  });
});

/** Writes until there is no room. */
function fill(path: string): void {
  const file = openSync(path, "w");
  const block = Buffer.alloc(1 << 16, 1);
  expect(() => {
    for (;;) writeSync(file, block);
  }).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  closeSync(file);
}
