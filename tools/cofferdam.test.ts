import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";

/** A checkout whose start only says how it was called, in a folder with a space in its name. */
let root: string;
beforeEach(() => {
  root = join(realpathSync(mkdtempSync(join(tmpdir(), "cofferdam start "))), "a clone");
  mkdirSync(join(root, "tools"), { recursive: true });
  copyFileSync(join(import.meta.dirname, "../cofferdam"), join(root, "cofferdam"));
  const said = "{ args: process.argv.slice(2), checkout: process.env.COFFERDAM_CHECKOUT, cwd: process.cwd() }";
  writeFileSync(join(root, "tools/start.ts"), `console.log(JSON.stringify(${said}));\n`);
});

const start = (program: string, path: string, args: readonly string[] = []): SpawnSyncReturns<string> =>
  spawnSync(program, args, { cwd: tmpdir(), encoding: "utf8", env: { PATH: path } });

const system = "/usr/bin:/bin";

test("it starts from any folder, through links, and hands arguments on unharmed", () => {
  const links = mkdtempSync(join(tmpdir(), "cofferdam-link-"));
  symlinkSync(join(root, "cofferdam"), join(links, "absolute"));
  symlinkSync("absolute", join(links, "relative"));
  const args = ["run", "a b", "", "$HOME", "--json"];
  const path = `${dirname(process.execPath)}:${system}`;
  for (const program of [join(root, "cofferdam"), join(links, "absolute"), join(links, "relative")]) {
    const { stdout } = start(program, path, args);
    expect(JSON.parse(stdout)).toEqual({ args, checkout: root, cwd: realpathSync(tmpdir()) });
  }
});

/** A folder whose `node` says this version. */
function nodeOf(version: string): string {
  const dir = mkdtempSync(join(tmpdir(), "cofferdam-node-"));
  writeFileSync(join(dir, "node"), `#!/bin/sh\necho ${version}\n`);
  chmodSync(join(dir, "node"), 0o755);
  // Only what the script calls, so that no other node is found.
  for (const tool of ["dirname", "readlink", "cat"]) symlinkSync(`/usr/bin/${tool}`, join(dir, tool));
  return dir;
}

test.each([["v18.20.0"], ["nonsense"]])("a node that says %s is refused with what to install", (version) => {
  const { status, stderr } = start(join(root, "cofferdam"), nodeOf(version));
  expect(status).toBe(4);
  expect(stderr).toContain("no usable Node on PATH");
  expect(stderr).toContain("apt-get install nodejs npm");
});

test("the Node fetched by an earlier set-up serves where the one on PATH is too old", () => {
  mkdirSync(join(root, ".cofferdam/cache/node/bin"), { recursive: true });
  symlinkSync(process.execPath, join(root, ".cofferdam/cache/node/bin/node"));
  const { status, stdout } = start(join(root, "cofferdam"), nodeOf("v20.20.2"), ["x"]);
  expect([status, JSON.parse(stdout).args]).toEqual([0, ["x"]]);
});
