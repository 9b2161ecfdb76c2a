import { spawn } from "node:child_process";
import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { applyCreate, applyUpdate, renderCommandResult } from "@cofferdam/agent-tools";
import { isString } from "../api/json.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import { type Call, type FunctionCall, isPatchCall, type PatchOperation } from "../program/answer.ts";

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
  const limit = typeof max_output_tokens === "number" ? max_output_tokens : options.maxOutputTokens;
  const durationMs = performance.now() - started;
  return {
    text: renderCommandResult({ execId: cmd, output: whole, exitCode, signal: 0, limit: "", durationMs }, limit),
  };
}

async function patchFile(directory: string, operation: PatchOperation): Promise<Execution> {
  try {
    const file = await inside(directory, operation.path);
    if (operation.type === "delete_file") {
      await rm(file);
      return { text: `Deleted ${operation.path}`, status: "completed" };
    }
    const creates = operation.type === "create_file";
    const { diff } = operation;
    const text = creates ? applyCreate(diff) : applyUpdate(await readFile(file, "utf8"), diff);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return { text: `${creates ? "Created" : "Updated"} ${operation.path}`, status: "completed" };
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
