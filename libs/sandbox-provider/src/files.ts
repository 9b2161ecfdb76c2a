import { fileExit, readScript, writeScript } from "./file-scripts.ts";
import { SandboxError } from "./errors.ts";
import type { Execution, ExecutionResult, Sandbox } from "./provider.ts";
import { WorkspacePath } from "./workspace-path.ts";

// File operations run inside the sandbox, as its user: a link that leads out leads nowhere, and what the kernel
// refuses to the commands it refuses here too.

export type FileChange =
  | { readonly path: WorkspacePath; readonly content: Uint8Array }
  | { readonly path: WorkspacePath; readonly remove: true };

const FILE_TIMEOUT_MS = 60_000;
const MAX_MESSAGE_BYTES = 4_096;

/**
 * Reads a regular file, of at most `maxBytes`, as it arrives.
 * @throws {SandboxError} `FILE_NOT_FOUND`, `FILE_NOT_REGULAR`, `FILE_FORBIDDEN`, `FILE_TOO_LARGE`
 */
export async function* readFile(sandbox: Sandbox, path: WorkspacePath, maxBytes: number): AsyncGenerator<Buffer> {
  const execution = start(sandbox, ["bash", "-c", readScript, "read", path, String(maxBytes)], maxBytes);
  execution.stdin.end();
  const message = text(execution);
  let settled = false;
  try {
    for await (const chunk of execution.stdout) if (Buffer.isBuffer(chunk)) yield chunk;
    const { exitCode } = await execution.ended;
    settled = true;
    if (exitCode !== 0) throw readError(exitCode, path, maxBytes, await message);
  } finally {
    if (!settled) {
      execution.kill();
      await Promise.allSettled([execution.ended, message]);
    }
  }
}

/**
 * Writes and removes files, all or none. Parents are created.
 * @throws {SandboxError} `WRITE_REFUSED`, which names the path and what was wrong with it.
 */
export async function writeFiles(sandbox: Sandbox, changes: readonly FileChange[]): Promise<void> {
  const paths = new Set(changes.map((change) => change.path));
  if (paths.size !== changes.length) {
    throw new SandboxError("ARGUMENT_INVALID", "a path is named by two changes", "name each path once");
  }
  const plan = changes.flatMap((c) =>
    "content" in c ? ["put", c.path, String(c.content.byteLength)] : ["remove", c.path, "-"],
  );
  const execution = start(sandbox, ["bash", "-c", writeScript, "write", ...plan], MAX_MESSAGE_BYTES);
  execution.stdout.resume();
  const message = text(execution);
  const fed = feed(execution, changes);
  const [result, said] = await Promise.all([execution.ended, message, fed]);
  if (result.exitCode === 0) return;
  throw new SandboxError(
    "WRITE_REFUSED",
    `writing files failed: ${reason(result, said)}`,
    "correct the path; nothing was changed",
  );
}

/** Creates folders with their parents. */
export async function makeFolders(sandbox: Sandbox, paths: readonly WorkspacePath[]): Promise<void> {
  if (paths.length === 0) return;
  const execution = start(sandbox, ["mkdir", "-p", "--", ...paths], MAX_MESSAGE_BYTES);
  execution.stdin.end();
  execution.stdout.resume();
  const [result, said] = await Promise.all([execution.ended, text(execution)]);
  if (result.exitCode === 0) return;
  throw new SandboxError("WRITE_REFUSED", `creating folders failed: ${reason(result, said)}`, "choose other folders");
}

function start(sandbox: Sandbox, argv: readonly string[], outputBytes: number): Execution {
  return sandbox.exec({
    argv,
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: FILE_TIMEOUT_MS,
    outputBytes: outputBytes + MAX_MESSAGE_BYTES,
  });
}

async function feed(execution: Execution, changes: readonly FileChange[]): Promise<void> {
  const { stdin } = execution;
  // The script stops reading when it refuses; its exit tells why.
  stdin.on("error", () => undefined);
  for (const change of changes) {
    if (!("content" in change) || stdin.destroyed) continue;
    await new Promise<void>((resolve) => stdin.write(change.content, () => resolve()));
  }
  stdin.end();
}

async function text(execution: Execution): Promise<string> {
  let said = "";
  for await (const chunk of execution.stderr) if (said.length < MAX_MESSAGE_BYTES) said += String(chunk);
  return said.trim().slice(0, MAX_MESSAGE_BYTES);
}

const reason = (result: ExecutionResult, said: string): string =>
  result.limit === undefined ? said.split("\n").at(-1) || `exit code ${result.exitCode}` : `limit ${result.limit}`;

function readError(exitCode: number | undefined, path: string, maxBytes: number, said: string): SandboxError {
  const what = `reading ${JSON.stringify(path)}:`;
  switch (exitCode) {
    case fileExit.notFound:
      return new SandboxError("FILE_NOT_FOUND", `${what} no such file`, "list the folder to see what is there");
    case fileExit.notRegular:
      return new SandboxError("FILE_NOT_REGULAR", `${what} not a regular file`, "name a file");
    case fileExit.tooLarge:
      return new SandboxError(
        "FILE_TOO_LARGE",
        `${what} larger than ${maxBytes} bytes`,
        "read a part of it with a command",
      );
    default:
      return new SandboxError(
        "FILE_FORBIDDEN",
        `${what} ${said || "permission denied"}`,
        "change its mode with a command",
      );
  }
}
