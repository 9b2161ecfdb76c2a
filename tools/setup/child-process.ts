import { spawn } from "node:child_process";

export interface Outcome {
  /** -1 when it could not be started or was ended by a signal. */
  readonly code: number;
  readonly stdout: string;
  /** Why it failed: the last lines of what it said, or that it took too long. */
  readonly reason: string;
}

const LAST_LINES = 6;

/** Runs a program to its end without a shell and without standard input; never rejects. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly limitMs?: number } = {},
): Promise<Outcome> {
  const limitMs = options.limitMs ?? 10_000;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.on("error", (error) => resolve({ code: -1, stdout, reason: error.message }));
    child.on("close", (code, signal) => {
      const said = (stderr.trim() || stdout.trim()).split("\n").slice(-LAST_LINES).join("\n");
      resolve({
        code: code ?? -1,
        stdout,
        reason: signal === null ? said : `${program}: no end after ${limitMs / 1000} s`,
      });
    });
  });
}
