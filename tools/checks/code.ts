import { join } from "node:path";
import { runProgram } from "../../libs/host-probe/src/run-program.ts";
import { failed, passed, type Check, type CheckOutcome } from "./check.ts";

const LIMIT_MS = 300_000;

/** Runs a tool of node_modules with this Node; what it prints is the reason when it fails. */
async function tool(
  root: string,
  entry: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<CheckOutcome> {
  const outcome = await runProgram(process.execPath, [join(root, "node_modules", entry), ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", ...env },
    limitMs: LIMIT_MS,
  });
  return outcome.code === 0 ? passed() : failed(`${outcome.stdout}\n${outcome.stderr}`.trim() || outcome.reason);
}

export const format: Check = {
  name: "format (oxfmt)",
  run: (root) => tool(root, "oxfmt/bin/oxfmt", ["--check", "."]),
};

export const lint: Check = {
  name: "lint (oxlint)",
  run: (root) => tool(root, "oxlint/bin/oxlint", ["--type-aware", "--quiet"]),
};

export const types: Check = {
  name: "types (tsc)",
  run: (root) => tool(root, "typescript7/bin/tsc", ["-p", "tsconfig.json"]),
};

export const boundaries: Check = {
  name: "module boundaries (eslint)",
  run: (root) => tool(root, "eslint/bin/eslint.js", ["."], { NX_DAEMON: "false", NX_NO_CLOUD: "true" }),
};
