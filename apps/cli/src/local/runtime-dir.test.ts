import { chmodSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { type Home, openHome } from "./home.ts";
import { makeRuntimeDir, runtimeDirOf } from "./runtime-dir.ts";

let home: Home;
let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cofferdam-rt-"));
  home = openHome({ COFFERDAM_HOME: join(base, "home") }, "");
});

test("the directory is private and lies in the user's own runtime directory", () => {
  const path = makeRuntimeDir(home, { XDG_RUNTIME_DIR: base });
  expect(path).toBe(join(base, `cofferdam-${home.id}`));
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test("sockets of processes that are gone are removed", () => {
  const env = { XDG_RUNTIME_DIR: base };
  writeFileSync(join(makeRuntimeDir(home, env), "old.sock"), "");
  expect(statSync(join(makeRuntimeDir(home, env), "old.sock"), { throwIfNoEntry: false })).toBeUndefined();
});

test("a directory that others may enter, a link or a file in its place is refused", () => {
  const env = { XDG_RUNTIME_DIR: base };
  const path = runtimeDirOf(home, env);
  mkdirSync(path);
  chmodSync(path, 0o755);
  expect(() => makeRuntimeDir(home, env)).toThrow(expect.objectContaining({ code: "RUNTIME_DIR_UNSAFE" }));
  const other = openHome({ COFFERDAM_HOME: join(base, "other") }, "");
  symlinkSync(base, runtimeDirOf(other, env));
  expect(() => makeRuntimeDir(other, env)).toThrow(/not a directory/);
});

test("where the runtime directory's path is too long for a socket, another one is taken", () => {
  const long = join(base, "x".repeat(80));
  mkdirSync(long);
  expect(runtimeDirOf(home, { XDG_RUNTIME_DIR: long })).not.toContain(long);
});
