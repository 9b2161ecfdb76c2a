import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { withSetupLock } from "./setup-lock.ts";

const nothing = (): void => {};

test("a second set-up waits for the first and says so once", async () => {
  const cache = mkdtempSync(join(tmpdir(), "cofferdam-lock-"));
  const order: string[] = [];
  let release = nothing;
  const held = new Promise<void>((resolve) => (release = resolve));
  const first = withSetupLock(cache, nothing, async () => {
    order.push("first in");
    await held;
    order.push("first out");
  });
  const second = withSetupLock(
    cache,
    () => {
      order.push("waits");
      setTimeout(release, 500);
    },
    async () => void order.push("second in"),
  );
  await Promise.all([first, second]);
  expect(order).toEqual(["first in", "waits", "first out", "second in"]);
});

test("the lock of a killed set-up is free at once", async () => {
  const cache = mkdtempSync(join(tmpdir(), "cofferdam-lock-"));
  const module = new URL("setup-lock.ts", import.meta.url).href;
  const code = `import { withSetupLock } from ${JSON.stringify(module)};
    await withSetupLock(${JSON.stringify(cache)}, () => {}, () => { console.log("held"); return new Promise((r) => setTimeout(r, 60_000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  let waited = false;
  await withSetupLock(
    cache,
    () => (waited = true),
    async () => {},
  );
  expect(waited).toBe(false);
});
