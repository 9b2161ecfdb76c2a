import { type ListedFile, renderWorkspace, type WorkspaceView } from "@cofferdam/manifest";
import { renderAssignment, renderInstructions } from "../../domain/prompt.ts";
import { textOf } from "../../domain/stored-manifest.ts";
import { listFiles } from "../trees.ts";
import { itemPath } from "./start.ts";
import type { TaskContext } from "./context.ts";

export interface Prompt {
  readonly instructions: string;
  /** The first user message. */
  readonly assignment: string;
}

/** What the model gets before it starts, from the manifest and the pinned trees alone. */
export async function renderPrompt(context: TaskContext): Promise<Prompt> {
  const { manifest, task } = context;
  const { agent, outputs, compute } = manifest.spec;
  const view = await viewOf(context);
  const item = itemPath(context);
  const joining = task.kind === "TASK_KIND_JOIN";
  const items = joining
    ? task.upstream.map(({ taskId }) => `tasks/${taskId}/`)
    : item === ""
      ? Object.keys(view.inputs).map((name) => `inputs/${name}/`)
      : [`inputs/${compute.parallel?.over ?? ""}/${item}`];
  return {
    instructions: renderInstructions({
      instructions: textOf(joining ? agent.join : agent.instructions),
      workspace: renderWorkspace(manifest, view),
    }),
    assignment: renderAssignment({
      kind: joining ? "join" : "work",
      items,
      outputs: Object.values(outputs).map(({ path }) => path),
    }),
  };
}

async function viewOf(context: TaskContext): Promise<WorkspaceView> {
  const { deps, submitted, task, manifest, signal } = context;
  const list = (digest: string) => listFiles(deps.snapshots, deps.team, digest, signal);
  const item = itemPath(context);
  const over = manifest.spec.compute.parallel?.over;
  const inputs: Record<string, readonly ListedFile[]> = {};
  for (const { name, treeDigest } of submitted.inputs) {
    const files = await list(treeDigest);
    inputs[name] = item !== "" && name === over ? files.filter(({ path }) => path === item) : files;
  }
  if (task.kind !== "TASK_KIND_JOIN") return item === "" ? { inputs } : { inputs, item };
  const tasks: Record<string, readonly ListedFile[]> = {};
  for (const { taskId, outputsTreeDigest } of task.upstream) tasks[taskId] = await list(outputsTreeDigest);
  return { inputs, tasks };
}
