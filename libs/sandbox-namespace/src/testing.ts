import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Command,
  type ExecutionResult,
  type Sandbox,
  type SandboxSpec,
  withDefaults,
  WorkspacePath,
} from "@cofferdam/sandbox-provider";
import { findBubblewrap } from "./bubblewrap/find.ts";
import { createNamespaceProvider, type NamespaceProvider } from "./provider.ts";

/** A provider in a folder of its own, and what has to be cleaned up with it. */
export interface TestTier {
  readonly provider: NamespaceProvider;
  readonly root: string;
  sandbox(spec?: Partial<SandboxSpec>): Promise<Sandbox>;
  close(): Promise<void>;
}

let count = 0;

/** Real sandboxes for tests. Where bubblewrap is missing this fails and says so: nothing is skipped in silence. */
export async function startTestTier(): Promise<TestTier> {
  const cacheDir = join(import.meta.dirname, "../../../.cofferdam/cache");
  const { path } = await findBubblewrap({ cacheDir });
  const root = mkdtempSync(join(tmpdir(), "cofferdam-tier-"));
  chmodSync(root, 0o711);
  const provider = await createNamespaceProvider({ bwrap: path, root });
  const made: Sandbox[] = [];
  return {
    provider,
    root,
    sandbox: async (spec = {}) => {
      const sandbox = await provider.create({
        id: `t${process.pid}-${count++}`,
        limits: withDefaults(undefined),
        environment: {},
        readOnlyFolders: [],
        ...spec,
      });
      made.push(sandbox);
      return sandbox;
    },
    close: async () => {
      await Promise.all(made.map((sandbox) => sandbox.destroy()));
      provider.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export interface Ran extends ExecutionResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

/** Runs a command to its end. */
export async function run(
  sandbox: Sandbox,
  argv: readonly string[],
  options: Partial<Command> & { readonly input?: string | Buffer } = {},
): Promise<Ran> {
  const { input, ...command } = options;
  const execution = sandbox.exec({
    argv,
    workdir: WorkspacePath(""),
    environment: {},
    timeoutMs: 30_000,
    outputBytes: 64 * 2 ** 20,
    ...command,
  });
  execution.stdin.end(input);
  const [bytes, errors, result] = await Promise.all([read(execution.stdout), read(execution.stderr), execution.ended]);
  return { ...result, bytes, stdout: bytes.toString(), stderr: errors.toString() };
}

/** Runs a script of bash. */
export const sh = (sandbox: Sandbox, script: string, options: Parameters<typeof run>[2] = {}): Promise<Ran> =>
  run(sandbox, ["bash", "-c", script], options);

async function read(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
