import { createHash } from "node:crypto";
import type { sandbox } from "@cofferdam/contracts";
import {
  assertWritable,
  type FileChange,
  filePath,
  readFile,
  SandboxError,
  writeFiles,
} from "@cofferdam/sandbox-provider";
import type { BrokerState } from "./adapters/state.ts";
import { invalid } from "./domain/errors.ts";
import { assertSame } from "./exec.ts";
import type { Holder } from "./domain/holder.ts";
import type { HeldSandbox } from "./held-sandbox.ts";
import type { Sandboxes } from "./sandboxes.ts";

const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
const MAX_CHANGES = 1_000;

export async function* readOne(
  held: HeldSandbox,
  request: sandbox.ReadFileRequest,
): AsyncGenerator<sandbox.ReadFileResponse> {
  const path = filePath(request.path);
  try {
    for await (const data of readFile(held.sandbox, path, request.maxBytes || DEFAULT_MAX_BYTES)) yield { data };
    held.assertNotLost();
  } catch (error) {
    held.assertNotLost();
    throw error;
  }
}

/** Writes and removes files, all or none, once per exec id. */
export async function writeAll(
  held: HeldSandbox,
  holder: Holder,
  request: sandbox.WriteFilesRequest,
  { sandboxes, state }: { readonly sandboxes: Sandboxes; readonly state: BrokerState },
): Promise<void> {
  if (request.execId === "") throw invalid("exec_id", "is empty", "give a key that is unique in the log");
  if (request.changes.length === 0) throw invalid("changes", "is empty", "name at least one file");
  if (request.changes.length > MAX_CHANGES)
    throw invalid("changes", `has more than ${MAX_CHANGES} entries`, "write in parts");
  const changes = request.changes.map((change, i) => changeOf(change, i, held.readOnlyFolders));
  const requestDigest = digestOf(changes);
  await sandboxes.inTurn(held, holder, async () => {
    const recorded = state.execOf(held.id, request.execId);
    if (recorded !== undefined) {
      assertSame(request.execId, recorded.requestDigest, requestDigest);
      return;
    }
    try {
      await writeFiles(held.sandbox, changes);
    } finally {
      held.assertNotLost();
    }
    state.recordExec(held.id, request.execId, { requestDigest, outcome: "{}" });
  });
}

function changeOf(given: sandbox.FileChange, index: number, readOnly: readonly string[]): FileChange {
  const path = filePath(given.path);
  assertWritable(path, readOnly);
  if (given.change?.$case === "content") return { path, content: given.change.value };
  if (given.change?.$case === "remove" && given.change.value) return { path, remove: true };
  throw new SandboxError("ARGUMENT_INVALID", `changes[${index}] says nothing to do`, "give content, or remove");
}

function digestOf(changes: readonly FileChange[]): string {
  const hash = createHash("sha256").update("files\n");
  for (const change of changes) {
    const size = "content" in change ? change.content.byteLength : -1;
    hash.update(`${JSON.stringify(change.path)} ${size}\n`);
    if ("content" in change) hash.update(change.content);
  }
  return hash.digest("hex");
}
