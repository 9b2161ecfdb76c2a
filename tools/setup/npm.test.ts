import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mayPass, npm, npmEnvironment, npmFailure } from "./npm.mjs";

const path = process.env["PATH"];
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cofferdam-npm-"));
  mkdirSync(join(dir, "bin"));
});
afterEach(() => {
  process.env["PATH"] = path;
});

/** Puts an npm on PATH that does this. */
function npmThat(script: string): void {
  writeFileSync(join(dir, "bin/npm"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, "bin/npm"), 0o755);
  process.env["PATH"] = `${join(dir, "bin")}:${path}`;
}

test("a file that could not be unpacked is a failure, though npm ends with 0", async () => {
  npmThat('echo "npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write" >&2');
  const outcome = await npm(["ci"], dir);
  expect(outcome.code).not.toBe(0);
  expect(npmFailure("installing", outcome.reason)).toMatchObject({ code: "DISK_FULL" });
});

test("the reason is what npm said, without its decoration", async () => {
  npmThat(
    'echo "npm warn old lockfile" >&2; echo "npm error code EAI_AGAIN" >&2; echo "npm error errno EAI_AGAIN" >&2; exit 1',
  );
  expect(await npm(["ci"], dir)).toEqual({ code: 1, reason: "code EAI_AGAIN\nerrno EAI_AGAIN" });
});

test("an npm that does not end is ended, and may be tried again", async () => {
  npmThat("exec sleep 60");
  const { code, reason } = await npm(["ci"], dir, 200);
  expect([code, mayPass(reason)]).toEqual([-1, true]);
});

test("npm under a fetched Node reads the machine's settings, unless told otherwise", () => {
  npmThat("exit 0");
  expect(npmEnvironment({ PATH: join(dir, "bin") })["npm_config_globalconfig"]).toBe(join(dir, "etc/npmrc"));
  const told = { PATH: join(dir, "bin"), NPM_CONFIG_GLOBALCONFIG: "/elsewhere" };
  expect(npmEnvironment(told)["npm_config_globalconfig"]).toBeUndefined();
});
