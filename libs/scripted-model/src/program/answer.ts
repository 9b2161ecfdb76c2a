/** One file operation of the hosted `apply_patch` tool; `diff` is V4A. */
export type PatchOperation =
  | { readonly type: "create_file"; readonly path: string; readonly diff: string }
  | { readonly type: "update_file"; readonly path: string; readonly diff: string }
  | { readonly type: "delete_file"; readonly path: string };

/** A call of a function tool. */
export interface FunctionCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A call of the hosted `apply_patch` tool. */
export interface PatchCall {
  readonly applyPatch: PatchOperation;
}

export type Call = FunctionCall | PatchCall;

/** What the model says in one turn. Calls make it go on, an answer without calls ends the conversation. */
export interface Answer {
  readonly text?: string;
  readonly calls?: readonly Call[];
  /** Shown as a reasoning item with one summary part. */
  readonly reasoning?: string;
}

export interface ExecOptions {
  readonly workdir?: string;
  readonly yieldTimeMs?: number;
  readonly maxOutputTokens?: number;
}

/** A call of `exec_command`, with every argument that its strict schema requires. */
export const execCommand = (cmd: string, options: ExecOptions = {}): FunctionCall => ({
  name: "exec_command",
  arguments: {
    cmd,
    workdir: options.workdir ?? null,
    shell: null,
    login: null,
    tty: null,
    yield_time_ms: options.yieldTimeMs ?? null,
    max_output_tokens: options.maxOutputTokens ?? null,
  },
});

export const viewImage = (path: string): FunctionCall => ({ name: "view_image", arguments: { path } });

/** Creates a file: in a V4A creation every line is an added one. */
export const createFile = (path: string, text: string): PatchCall => ({
  applyPatch: { type: "create_file", path, diff: added(text) },
});

/** Changes a file by a V4A diff: `@@ anchor` lines, then lines that begin with a space, `-` or `+`. */
export const updateFile = (path: string, diff: string): PatchCall => ({
  applyPatch: { type: "update_file", path, diff },
});

export const deleteFile = (path: string): PatchCall => ({ applyPatch: { type: "delete_file", path } });

function added(text: string): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `+${line}\n`).join("");
}

/** Whether a call is for the hosted patch tool. */
export const isPatchCall = (call: Call): call is PatchCall => "applyPatch" in call;
