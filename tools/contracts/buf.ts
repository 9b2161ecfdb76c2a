import { join } from "node:path";
import { runProgram } from "../../libs/host-probe/src/run-program.ts";

const LIMIT_MS = 120_000;

/** Runs buf in proto/; resolves with what it printed, or throws an Error that carries it. */
export async function buf(root: string, args: readonly string[]): Promise<string> {
  const outcome = await runProgram(process.execPath, [join(root, "node_modules/@bufbuild/buf/bin/buf"), ...args], {
    cwd: join(root, "proto"),
    env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
    limitMs: LIMIT_MS,
  });
  if (outcome.code !== 0)
    throw new Error(`buf ${args.join(" ")}:\n${outcome.stdout}${outcome.stderr || outcome.reason}`);
  return outcome.stdout;
}
