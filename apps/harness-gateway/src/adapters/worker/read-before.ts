import { RpcError } from "@cofferdam/service";
import { treePath } from "@cofferdam/workspace-tree";
import { listFiles } from "../trees.ts";
import type { TaskContext } from "./context.ts";

/**
 * A file as the last committed step left it, from that step's snapshot. A worker that repeats a step in a sandbox where
 * it may have been carried out already must not read it there: a patch would meet its own result.
 */
export async function readCommitted(context: TaskContext, path: string, maxBytes: number): Promise<Buffer> {
  const { deps, writer, signal } = context;
  const { snapshot } = writer.state;
  const files = snapshot === "" ? [] : await listFiles(deps.snapshots, deps.team, snapshot, signal);
  const file = files.find((candidate) => candidate.path === treePath(path));
  if (file === undefined) throw unreadable("NOT_FOUND", `reading ${JSON.stringify(path)}: no such file`);
  if (file.sizeBytes > maxBytes) {
    throw unreadable("OUT_OF_RANGE", `reading ${JSON.stringify(path)}: larger than ${maxBytes} bytes`);
  }
  const parts: Uint8Array[] = [];
  for await (const part of file.read()) parts.push(part);
  return Buffer.concat(parts);
}

const unreadable = (status: "NOT_FOUND" | "OUT_OF_RANGE", message: string): RpcError =>
  new RpcError({ status, reason: "FILE_UNREADABLE", message });
