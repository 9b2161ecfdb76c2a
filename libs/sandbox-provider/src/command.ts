import { SandboxError } from "./errors.ts";
import type { WorkspacePath } from "./workspace-path.ts";

/** Plain settings of a process. Never a secret: nothing that enters a sandbox is secret. */
export type Environment = Readonly<Record<string, string>>;

export interface Command {
  /** Program and arguments, at least the program. */
  readonly argv: readonly string[];
  /** Where it starts. */
  readonly workdir: WorkspacePath;
  /** Added to the sandbox's own environment. */
  readonly environment: Environment;
  readonly timeoutMs: number;
  /** Output that may be written before the command is ended. */
  readonly outputBytes: number;
}

// execve(2): one argument holds at most 128 KiB with its NUL (MAX_ARG_STRLEN); a quarter of the usual 8 MiB stack is
// there for all of them together, of which the launcher needs its own share.
const MAX_ARGUMENT_BYTES = 131_071;
const MAX_TOTAL_BYTES = 1 << 20;
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws {SandboxError} `ARGUMENT_INVALID` for what the kernel or the launcher could not carry unchanged. */
export function assertCommand(argv: readonly string[], environment: Environment): void {
  const [program] = argv;
  if (program === undefined || program === "") throw invalid("argv is empty", "name a program");
  if (program.startsWith("-") || program.includes("=")) {
    throw invalid(
      `the program ${JSON.stringify(program.slice(0, 80))} starts with - or contains =`,
      "use another name",
    );
  }
  for (const name of Object.keys(environment)) {
    if (!variable.test(name))
      throw invalid(`${JSON.stringify(name)} is no name of an environment variable`, "rename it");
  }
  const all = [...argv, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  let total = 0;
  for (const text of all) {
    if (text.includes("\0"))
      throw invalid("an argument or variable contains a NUL", "pass such data on standard input");
    const size = Buffer.byteLength(text) + 1;
    if (size > MAX_ARGUMENT_BYTES) {
      throw invalid(`an argument or variable is longer than ${MAX_ARGUMENT_BYTES} bytes`, "pass it on standard input");
    }
    total += size;
  }
  if (total > MAX_TOTAL_BYTES)
    throw invalid(`arguments exceed ${MAX_TOTAL_BYTES} bytes`, "pass data on standard input");
}

const invalid = (message: string, mend: string) => new SandboxError("ARGUMENT_INVALID", message, mend);
