import { listFiles } from "../trees.ts";
import type { TaskContext } from "./context.ts";

/** First act: says what the task is about. */
export async function startTask(context: TaskContext): Promise<void> {
  const { writer, task } = context;
  await writer.append([{ type: "task.started", data: { taskId: task.taskId, itemPath: await findItem(context) } }]);
}

/** Path of the task's item in the fan-out input; empty for a task that is about all inputs. */
export const itemPath = ({ writer }: TaskContext): string => writer.state.started?.itemPath ?? "";

async function findItem({ deps, task, submitted, manifest, signal }: TaskContext): Promise<string> {
  const over = manifest.spec.compute.parallel?.over;
  const input = submitted.inputs.find(({ name }) => name === over);
  if (task.item === undefined || input === undefined) return "";
  const files = await listFiles(deps.snapshots, deps.team, input.treeDigest, signal);
  const file = files[task.item];
  if (file === undefined)
    throw new Error(`item ${task.item} is beyond the ${files.length} files of input ${input.name}`);
  return file.path;
}
