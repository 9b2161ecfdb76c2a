import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { UidRegistry, uidsInUse } from "./uids.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cofferdam-uids-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const registry = (count = 3) => new UidRegistry(join(folder, "registry"), { first: 3_900_000_000, count });
const sandbox = (name: string): string => {
  mkdirSync(join(folder, name));
  return join(folder, name);
};

test("two registers of one machine never give the same id to two living folders", () => {
  const [one, two] = [registry(), registry()];
  const ids = [one.claim(sandbox("a")), two.claim(sandbox("b")), one.claim(sandbox("c"))];
  expect(new Set(ids).size).toBe(3);
  expect(() => two.claim(sandbox("d"))).toThrow("belong to living sandboxes");
  one.release(join(folder, "b"));
  expect(two.claim(sandbox("e"))).toBe(ids[1]);
});

test("an id is not given again while its folder remains, though its owner is gone", () => {
  const uid = registry(1).claim(sandbox("left"));
  const next = registry(1);
  expect(() => next.claim(sandbox("new"))).toThrow("belong to living");
  expect(next.claimOf(join(folder, "left"))).toBe(uid);
  rmSync(join(folder, "left"), { recursive: true });
  expect(next.claim(join(folder, "new"))).toBe(uid);
});

test("an id under which a process runs is not given", () => {
  const mine = process.getuid?.() ?? 0;
  expect(uidsInUse().has(mine)).toBe(true);
  const taken = new UidRegistry(join(folder, "registry"), { first: mine, count: 1 });
  expect(() => taken.claim(sandbox("x"))).toThrow("belong to living");
});
