import { runProgram } from "../run-program.ts";

/** What a program says to `--version`, as three numbers; undefined if it does not run here. */
export async function versionOf(path: string): Promise<string | undefined> {
  const outcome = await runProgram(path, ["--version"]);
  return outcome.code === 0 ? /(\d+\.\d+\.\d+)/.exec(outcome.stdout)?.[1] : undefined;
}
