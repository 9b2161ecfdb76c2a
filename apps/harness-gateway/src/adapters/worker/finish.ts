import type { events } from "@cofferdam/contracts";
import { logName } from "@cofferdam/run-log";
import { selectTree } from "../trees.ts";
import { heldSandbox } from "./attach.ts";
import { itemPath } from "./start.ts";
import type { TaskContext } from "./context.ts";

/** Characters of the agent's closing words that stand in the log; the whole answer is in its response. */
const SUMMARY_CHARS = 2_000;

/** Keeps what the agent left at the places of its outputs, gives the sandbox back and ends the task. */
export async function finishTask(context: TaskContext, text: string): Promise<void> {
  const { writer, deps, task, manifest, signal } = context;
  const box = heldSandbox(context);
  const snapshotDigest =
    writer.state.snapshot === "" ? (await box.checkpoint("")).snapshotDigest : writer.state.snapshot;
  const outputsTreeDigest = await selectTree(deps.snapshots, {
    team: deps.team,
    digest: snapshotDigest,
    places: Object.values(manifest.spec.outputs).map(({ path }) => path.replace(/\/$/, "")),
    log: logName(writer.key),
    epoch: writer.epoch,
    signal,
  });
  const result: events.TaskResult = {
    taskId: task.taskId,
    outputsTreeDigest,
    usage: writer.state.usage,
    steps: writer.state.steps.length,
    summary: text.slice(0, SUMMARY_CHARS),
    itemPath: itemPath(context),
    published: [],
    snapshotDigest,
  };
  await box.release(signal);
  await writer.append([
    { type: "sandbox.released", data: { sandboxId: box.id } },
    { type: "run.completed", data: { result } },
  ]);
}
