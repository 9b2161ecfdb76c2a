import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { readRecord, tryLock } from "./control-plane-lock.ts";
import { type Home, openHome } from "./home.ts";

let home: Home;
beforeEach(() => {
  home = openHome({ COFFERDAM_HOME: mkdtempSync(join(tmpdir(), "cofferdam-lock-")) }, "");
});

const record = {
  pid: 1,
  mode: "full",
  gateway: "unix:/g",
  startedAt: "2026-01-01T00:00:00Z",
} as const;

test("one control plane holds a home until it lets go", () => {
  const lock = tryLock(home);
  expect(tryLock(home)).toBeUndefined();
  lock?.publish(record);
  expect(readRecord(home)).toEqual(record);
  lock?.release();
  expect(readRecord(home)).toBeUndefined();
  const next = tryLock(home);
  expect(next).toBeDefined();
  next?.release();
});

test("the lock of a killed holder is free, and what it said is forgotten", async () => {
  const module = new URL("control-plane-lock.ts", import.meta.url).href;
  const text = `
    import { tryLock } from ${JSON.stringify(module)};
    tryLock(JSON.parse(process.argv[1])).publish(${JSON.stringify(record)});
    process.stdout.write("held");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(
    process.execPath,
    ["--conditions=@cofferdam/source", "--input-type=module-typescript", "-e", text, JSON.stringify(home)],
    { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise((resolve) => child.stdout.once("data", resolve));
  expect(tryLock(home)).toBeUndefined();
  expect(readRecord(home)).toEqual(record);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  const lock = tryLock(home);
  expect(lock).toBeDefined();
  expect(readRecord(home)).toBeUndefined();
  lock?.release();
});
