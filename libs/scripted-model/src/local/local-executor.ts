import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isString } from "../api/json.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import { type Call, type FunctionCall, isPatchCall, type PatchOperation } from "../program/answer.ts";
import { renderExecOutput } from "../program/exec-output.ts";
import { applyV4a } from "./v4a.ts";

/** What a tool answered. */
export interface Execution {
  readonly text: string;
  /** `failed` is said of patches only. */
  readonly status?: "completed" | "failed";
}

export type Execute = (call: Call) => Promise<Execution>;

export interface LocalExecutorOptions {
  /** Stands for `/workspace`. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default 10,000, as in the harness. */
  readonly maxOutputTokens?: number;
  readonly timeoutMs?: number;
}

/**
 * Runs `exec_command` and `apply_patch` in a folder of this machine, WITHOUT any isolation: for tests of programs that
 * you wrote yourself. The Node that runs this comes first on the PATH, as in a sandbox.
 */
export function localExecutor(options: LocalExecutorOptions): Execute {
  return async (call) => {
    if (isPatchCall(call)) return patchFile(options.directory, call.applyPatch);
    if (call.name === "exec_command") return execute(options, call);
    return { text: `The local executor has no tool '${call.name}'.` };
  };
}

async function execute(options: LocalExecutorOptions, call: FunctionCall): Promise<Execution> {
  const { cmd, workdir, max_output_tokens } = call.arguments;
  if (!isString(cmd)) return { text: "exec_command needs cmd." };
  const started = performance.now();
  const child = spawn("/bin/bash", ["-c", cmd], {
    cwd: resolve(options.directory, isString(workdir) ? workdir : "."),
    env: {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: options.directory,
      LANG: "C.UTF-8",
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 60_000,
  });
  const pieces: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  child.stderr.on("data", (piece: Buffer) => pieces.push(piece));
  const exitCode = await new Promise<number>((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done(code ?? (signal === null ? 1 : 137)));
  });
  const whole = Buffer.concat(pieces).toString("utf8");
  const limit = typeof max_output_tokens === "number" ? max_output_tokens : (options.maxOutputTokens ?? 10_000);
  const { output, originalTokenCount } = truncate(whole, limit);
  const chunkId = createHash("sha256").update(cmd).digest("hex").slice(0, 6);
  const wallTimeSeconds = (performance.now() - started) / 1000;
  return {
    text: renderExecOutput({ chunkId, wallTimeSeconds, exitCode, sessionId: null, originalTokenCount, output }),
  };
}

/** Keeps head and tail, about four bytes a token. */
function truncate(text: string, maxTokens: number): { output: string; originalTokenCount: number | null } {
  const tokens = Math.ceil(Buffer.byteLength(text) / 4);
  if (tokens <= maxTokens) return { output: text, originalTokenCount: null };
  const half = maxTokens * 2;
  const output = `${text.slice(0, half)}\n…${tokens - maxTokens} tokens truncated…\n${text.slice(-half)}`;
  return { output, originalTokenCount: tokens };
}

async function patchFile(directory: string, operation: PatchOperation): Promise<Execution> {
  try {
    const file = await inside(directory, operation.path);
    if (operation.type === "delete_file") {
      await rm(file);
      return { text: `Deleted ${operation.path}`, status: "completed" };
    }
    const original = operation.type === "update_file" ? await readFile(file, "utf8") : undefined;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, applyV4a(original, operation.diff));
    return { text: `${original === undefined ? "Created" : "Updated"} ${operation.path}`, status: "completed" };
  } catch (error) {
    return { text: reasonOf(error), status: "failed" };
  }
}

async function inside(directory: string, path: string): Promise<string> {
  const root = await realpath(directory);
  const file = resolve(root, path.replace(/^\/workspace\//, ""));
  const way = relative(root, file);
  if (way === "" || way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new ScriptedModelError({ code: "patch_rejected", message: `The path ${path} leaves the workspace.` });
  }
  return join(root, way);
}
