/** Tools as they are sent to the Responses API. Names and schemas are those that models are tuned on (OpenAI Agents SDK). */
export type ToolName = "exec_command" | "apply_patch" | "view_image";

const nullable = (type: string, description: string) => ({ type: [type, "null"], description });

const definitions: Record<ToolName, object> = {
  exec_command: {
    type: "function",
    name: "exec_command",
    description: "Runs a shell command in the sandbox and returns its output when it has ended.",
    strict: true,
    parameters: {
      type: "object",
      properties: {
        cmd: { type: "string", description: "Shell command to execute." },
        workdir: nullable("string", "Working directory, relative to /workspace. Default: /workspace."),
        shell: nullable("string", "Shell binary to launch. Default: /bin/bash."),
        login: nullable("boolean", "Whether to run the shell with -l semantics. Default: false."),
        tty: nullable("boolean", "Terminals are not available: null or false."),
        yield_time_ms: nullable("number", "Ignored: the call returns when the command has ended."),
        max_output_tokens: nullable("number", "Most tokens of output to return; head and tail are kept."),
      },
      required: ["cmd", "workdir", "shell", "login", "tty", "yield_time_ms", "max_output_tokens"],
      additionalProperties: false,
    },
  },
  apply_patch: { type: "apply_patch" },
  view_image: {
    type: "function",
    name: "view_image",
    description: "Shows an image file of the workspace (PNG, JPEG, GIF or WebP, at most 10 MiB).",
    strict: true,
    parameters: {
      type: "object",
      properties: { path: { type: "string", description: "Path of the image, relative to /workspace." } },
      required: ["path"],
      additionalProperties: false,
    },
  },
};

export const toolDefinitions = (names: readonly ToolName[]): object[] => names.map((name) => definitions[name]);

/** A tool call in a model's answer. */
export interface ToolCall {
  readonly callId: string;
  readonly tool: string;
  /** Arguments as the model wrote them (JSON text), or the canonical JSON of a patch operation. */
  readonly arguments: string;
}

export interface ExecArguments {
  readonly cmd: string;
  readonly workdir: string;
  readonly argv: readonly string[];
  readonly maxOutputTokens: number | undefined;
}

/** What is wrong with arguments, told to the model so that it can mend them. */
export class ToolArgumentError extends Error {
  override readonly name = "ToolArgumentError";
}

export function parseExecArguments(text: string): ExecArguments {
  const v = parseObject(text);
  if (typeof v["cmd"] !== "string" || v["cmd"] === "") throw new ToolArgumentError("cmd must be a command");
  const shell = optional(v, "shell", "string") ?? "/bin/bash";
  if (optional(v, "tty", "boolean") === true) throw new ToolArgumentError("tty is not available: leave it null");
  const tokens = optional(v, "max_output_tokens", "number");
  return {
    cmd: v["cmd"],
    workdir: workspaceRelative(optional(v, "workdir", "string") ?? ""),
    argv: [shell, optional(v, "login", "boolean") === true ? "-lc" : "-c", v["cmd"]],
    maxOutputTokens: tokens === undefined || tokens <= 0 ? undefined : tokens,
  };
}

export interface PatchOperation {
  readonly type: "create_file" | "update_file" | "delete_file";
  readonly path: string;
  readonly diff: string;
  readonly moveTo: string | undefined;
}

export function parsePatchOperation(text: string): PatchOperation {
  const v = parseObject(text);
  const { type } = v;
  if (type !== "create_file" && type !== "update_file" && type !== "delete_file") {
    throw new ToolArgumentError("operation.type must be create_file, update_file or delete_file");
  }
  if (typeof v["path"] !== "string" || v["path"] === "") throw new ToolArgumentError("operation.path is missing");
  const diff = optional(v, "diff", "string");
  if (type !== "delete_file" && diff === undefined) throw new ToolArgumentError("operation.diff is missing");
  const moveTo = optional(v, "move_to", "string") ?? optional(v, "moveTo", "string");
  return {
    type,
    path: workspaceRelative(v["path"]),
    diff: diff ?? "",
    moveTo: moveTo === undefined ? undefined : workspaceRelative(moveTo),
  };
}

export function parseImagePath(text: string): string {
  const v = parseObject(text);
  if (typeof v["path"] !== "string" || v["path"] === "") throw new ToolArgumentError("path is missing");
  return workspaceRelative(v["path"]);
}

/** Models write `/workspace/x`, `./x` and `x` for the same file. Whether it may be touched is the broker's to say. */
function workspaceRelative(path: string): string {
  const inner = path === "/workspace" ? "" : path.replace(/^\/workspace\//, "");
  const parts = inner.split("/").filter((part) => part !== "" && part !== ".");
  if (inner.startsWith("/") || parts.includes("..")) {
    throw new ToolArgumentError(`path ${JSON.stringify(path)} is outside /workspace`);
  }
  return parts.join("/");
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ToolArgumentError("the arguments are not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ToolArgumentError("the arguments are not a JSON object");
  }
  return value as Record<string, unknown>;
}

interface Primitive {
  string: string;
  number: number;
  boolean: boolean;
}

function optional<T extends keyof Primitive>(v: Record<string, unknown>, name: string, type: T) {
  const value = v[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== type) throw new ToolArgumentError(`${name} must be a ${type} or null`);
  return value as Primitive[T];
}
