import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { Team } from "@cofferdam/run-log";
import { readRecord, tryLock } from "./control-plane-lock.ts";
import { type Home, openHome } from "./home.ts";
import { openControlPlane, type OpenOptions, type StartPlane } from "./open.ts";

let home: Home;
beforeEach(() => {
  home = openHome({ COFFERDAM_HOME: mkdtempSync(join(tmpdir(), "cofferdam-open-")) }, "");
});

const full: OpenOptions = { mode: "full", team: Team("t"), chaos: [] };
const quiet = (): void => undefined;

/** Counts what is started and ended instead of doing it; the lock and the record are real. */
function plane(): { start: StartPlane; started: string[] } {
  const started: string[] = [];
  const start: StartPlane = async (_home, { mode }) => {
    started.push(`+${mode}`);
    return { gateway: `unix:/${started.length}`, close: async () => void started.push(`-${mode}`) };
  };
  return { start, started };
}

test("the first starts a control plane, the second attaches to it, and only its owner ends it", async () => {
  const { start, started } = plane();
  const own = await openControlPlane(home, full, start, quiet);
  const attached = await openControlPlane(home, full, start, quiet);
  expect([own.own, attached.own, attached.record.gateway]).toEqual([true, false, own.record.gateway]);
  await attached.close();
  expect(started).toEqual(["+full"]);
  await own.close();
  expect(started).toEqual(["+full", "-full"]);
  expect(readRecord(home)).toBeUndefined();
});

test("whoever needs one of their own is told who runs the other", async () => {
  const { start } = plane();
  const own = await openControlPlane(home, full, start, quiet);
  await expect(openControlPlane(home, { ...full, ownBecause: "faults …" }, start, quiet)).rejects.toMatchObject({
    code: "CONTROL_PLANE_RUNNING",
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  await own.close();
});

test("one that only reads is waited for, not attached to, by those who carry runs out", async () => {
  const { start, started } = plane();
  const reading = await openControlPlane(home, { ...full, mode: "read" }, start, quiet);
  const waiting = openControlPlane(home, full, start, quiet);
  setTimeout(() => void reading.close(), 200);
  const own = await waiting;
  expect(own.own).toBe(true);
  expect(started).toEqual(["+read", "-read", "+full"]);
  await own.close();
});

const failing: StartPlane = async () => {
  throw new Error("no");
};

test("a start that fails leaves the home free", async () => {
  await expect(openControlPlane(home, full, failing, quiet)).rejects.toThrow("no");
  const lock = tryLock(home);
  expect(lock).toBeDefined();
  lock?.release();
});
