import { applyCreate, applyUpdate, exitStatus, PatchError, renderCommandResult } from "@cofferdam/agent-tools";
import type { sandbox } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";
import { imageType } from "../../domain/image-type.ts";
import {
  parseExecArguments,
  parseImagePath,
  parsePatchOperation,
  type PatchOperation,
  type ToolCall,
  ToolArgumentError,
} from "../../domain/tools.ts";
import { isLost, type SandboxHandle } from "./sandbox.ts";

/** What tools need of a sandbox. */
export type ToolBox = Pick<SandboxHandle, "exec" | "readFile" | "writeFiles">;

export interface ToolOutcome {
  readonly exitCode: number;
  /** What the model is told. */
  readonly output: string;
  readonly limit: string;
}

export interface ToolRun {
  readonly execId: string;
  readonly step: number;
  /** Longest that a command may run. */
  readonly timeoutMs: number;
  /** A file as it was before this step. Whoever repeats the step must get the same, whatever was done of it already. */
  readBefore(path: string, maxBytes: number): Promise<Buffer>;
}

const MAX_FILE_BYTES = 64 << 20;
const MAX_IMAGE_BYTES = 10 << 20;

/**
 * Carries out one tool call in the sandbox. What the model did wrong is an outcome that it is told; only a sandbox or a
 * service that failed is an error.
 */
export async function runTool(call: ToolCall, run: ToolRun, box: ToolBox): Promise<ToolOutcome> {
  try {
    switch (call.tool) {
      case "exec_command":
        return await execCommand(call, run, box);
      case "apply_patch":
        return await applyPatch(parsePatchOperation(call.arguments), run, box);
      case "view_image":
        return await viewImage(parseImagePath(call.arguments), box);
      default:
        return refused(`there is no tool ${JSON.stringify(call.tool)}`);
    }
  } catch (error) {
    const told = modelsFault(error);
    if (told === undefined) throw error;
    return refused(told);
  }
}

const refused = (output: string): ToolOutcome => ({ exitCode: 1, output: `Error: ${output}`, limit: "" });

/** Problems that the model can mend: bad arguments, a patch that does not fit, a path that is not there or not its to touch. */
function modelsFault(error: unknown): string | undefined {
  if (error instanceof ToolArgumentError || error instanceof PatchError) return error.message;
  if (!(error instanceof RpcError) || isLost(error)) return undefined;
  const mendable = ["NOT_FOUND", "INVALID_ARGUMENT", "PERMISSION_DENIED", "OUT_OF_RANGE", "ALREADY_EXISTS"];
  return mendable.includes(error.status) ? [error.message, error.mend].filter(Boolean).join("; ") : undefined;
}

async function execCommand(call: ToolCall, run: ToolRun, box: ToolBox): Promise<ToolOutcome> {
  const { argv, workdir, maxOutputTokens } = parseExecArguments(call.arguments);
  const { output, outcome } = await box.exec({
    execId: run.execId,
    step: run.step,
    timeoutMs: run.timeoutMs,
    argv,
    workdir,
  });
  const result = {
    execId: run.execId,
    output,
    exitCode: outcome.exitCode,
    signal: outcome.signal,
    limit: outcome.limit,
    durationMs: outcome.durationMs,
  };
  return {
    exitCode: exitStatus(result),
    output: renderCommandResult(result, maxOutputTokens),
    limit: outcome.limit,
  };
}

async function applyPatch(operation: PatchOperation, run: ToolRun, box: ToolBox): Promise<ToolOutcome> {
  const { path, moveTo } = operation;
  const target = moveTo ?? path;
  switch (operation.type) {
    case "create_file":
      await box.writeFiles(run.execId, [write(path, applyCreate(operation.diff))]);
      return { exitCode: 0, output: `Created ${path}`, limit: "" };
    case "delete_file":
      await box.writeFiles(run.execId, [remove(path)]);
      return { exitCode: 0, output: `Deleted ${path}`, limit: "" };
    case "update_file": {
      const before = (await run.readBefore(path, MAX_FILE_BYTES)).toString("utf8");
      const changes = [write(target, applyUpdate(before, operation.diff))];
      if (target !== path) changes.push(remove(path));
      await box.writeFiles(run.execId, changes);
      return { exitCode: 0, output: target === path ? `Updated ${path}` : `Moved ${path} to ${target}`, limit: "" };
    }
  }
}

const write = (path: string, content: string): sandbox.FileChange => ({
  path,
  change: { $case: "content", value: Buffer.from(content) },
});
const remove = (path: string): sandbox.FileChange => ({ path, change: { $case: "remove", value: true } });

async function viewImage(path: string, box: ToolBox): Promise<ToolOutcome> {
  const bytes = await box.readFile(path, MAX_IMAGE_BYTES);
  const type = imageType(bytes);
  if (type === undefined) return refused(`${path} is not a PNG, JPEG, GIF or WebP image`);
  return { exitCode: 0, output: `data:${type};base64,${bytes.toString("base64")}`, limit: "" };
}
