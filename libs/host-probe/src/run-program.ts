import { spawn } from "node:child_process";

export interface Outcome {
  /** -1 when it could not be started or was ended by a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it failed: the last lines of what it said, or that it took too long. */
  readonly reason: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Default 10 s; then it is ended with SIGTERM. */
  readonly limitMs?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const LAST_LINES = 6;

/** Runs a program to its end without a shell and without standard input; never rejects. */
export function runProgram(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { limitMs = 10_000, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...rest,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.on("error", (error) => resolve({ code: -1, stdout, stderr, reason: error.message }));
    child.on("close", (code, signal) => {
      const said = (stderr.trim() || stdout.trim()).split("\n").slice(-LAST_LINES).join("\n");
      resolve({
        code: code ?? -1,
        stdout,
        stderr,
        reason: signal === null ? said : `${program}: no end after ${limitMs / 1000} s`,
      });
    });
  });
}
