import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { findProgram, natsServer } from "./native-program.ts";
import { compareVersions } from "./versions.ts";

let dir: string;
let cache: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-programs-"));
  cache = join(dir, "cache");
});

/** A program that says its version and counts how often it was asked. */
function program(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho asked >> "${path}.asked"\necho "nats-server: v${version}"\n`);
  chmodSync(path, 0o755);
  return path;
}

const find = (env: NodeJS.ProcessEnv): ReturnType<typeof findProgram> => findProgram(natsServer, cache, env);

test("the first on PATH that is new enough is taken, before the cache", async () => {
  program(join(dir, "old/nats-server"), "2.9.10");
  const fresh = program(join(dir, "new/nats-server"), "2.15.1");
  const cached = program(join(cache, "nats-server/usr/sbin/nats-server"), "2.15.0");
  const folders = `${dir}/none:${dir}/old:${dir}/new`;
  expect(await find({ PATH: folders })).toEqual({ path: fresh, version: "2.15.1" });
  expect(await find({ PATH: `${dir}/old` })).toEqual({ path: cached, version: "2.15.0" });
});

test("a program named by its variable is the only one looked at", async () => {
  program(join(dir, "new/nats-server"), "2.15.1");
  const named = program(join(dir, "named"), "2.9.0");
  expect(await find({ PATH: `${dir}/new`, COFFERDAM_NATS_SERVER: named })).toBeUndefined();
});

test("a program is asked once, and again when it has changed", async () => {
  const path = program(join(dir, "new/nats-server"), "2.15.1");
  const env = { PATH: `${dir}/new:/usr/bin:/bin` };
  await find(env);
  await find(env);
  expect(readFileSync(`${path}.asked`, "utf8")).toBe("asked\n");
  program(path, "2.9.100");
  expect((await find(env))?.path).not.toBe(path);
});

test("versions are ordered as numbers", () => {
  expect(compareVersions("2.9.10", "2.14.9")).toBeLessThan(0);
  const version = fc.tuple(fc.nat(50), fc.nat(50), fc.nat(50)).map((parts) => parts.join("."));
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) || 0);
      const sorted = [a, b, c].sort(compareVersions);
      expect(compareVersions(sorted[0] ?? "", sorted[2] ?? "")).toBeLessThanOrEqual(0);
      expect(compareVersions(a, b) === 0).toBe(a === b);
    }),
  );
});
