import { pathToFileURL } from "node:url";
import type { events } from "@cofferdam/contracts";
import {
  checkOutputExpectations,
  type ContentFile,
  formatLocation,
  locationPath,
  type Output,
  type Problem,
} from "@cofferdam/manifest";
import { canonicalJson, sha256 } from "@cofferdam/run-log";
import { RpcError } from "@cofferdam/service";
import { isStorageError, type ObjectStore, openLocation } from "@cofferdam/storage";
import {
  digestOfFile,
  mergeOutput,
  OutputConflict,
  publishedPath,
  type TaskFiles,
} from "../../domain/merge-outputs.ts";
import { listFiles } from "../trees.ts";
import type { TaskContext } from "./context.ts";

/**
 * Publishes what the tasks left: everything is checked first; then, per output, the files, one conditional create of a
 * commit manifest naming their digests, and the event. A publisher that died is repeated by the next: it writes the same
 * bytes under the same names and finds its own commit.
 */
export async function publishOutputs(context: TaskContext): Promise<void> {
  const { manifest, writer } = context;
  const tasks = await filesOfTasks(context);
  const outputs = Object.entries(manifest.spec.outputs).map(([name, output]) => {
    return { name, output, files: merged(name, output, tasks) };
  });
  const problems: Problem[] = [];
  for (const { name, output, files } of outputs) problems.push(...(await checkOutputExpectations(name, output, files)));
  if (problems.length > 0) throw invalidOutputs(problems);
  const done = new Set(writer.state.published.map(({ output }) => output?.name));
  for (const { name, output, files } of outputs) {
    if (!done.has(name)) await publishOutput(context, name, output, files);
  }
  await complete(context);
}

async function filesOfTasks({ deps, task, signal }: TaskContext): Promise<TaskFiles[]> {
  return await Promise.all(
    task.upstream.map(async ({ taskId, outputsTreeDigest }) => ({
      taskId,
      files: await listFiles(deps.snapshots, deps.team, outputsTreeDigest, signal),
    })),
  );
}

function merged(name: string, output: Output, tasks: readonly TaskFiles[]): ContentFile[] {
  try {
    return mergeOutput(name, output, tasks);
  } catch (error) {
    if (!(error instanceof OutputConflict)) throw error;
    throw new RpcError({
      status: "FAILED_PRECONDITION",
      reason: "OUTPUT_CONFLICT",
      message: error.message,
      cause: error,
    });
  }
}

async function publishOutput(context: TaskContext, name: string, output: Output, files: ContentFile[]): Promise<void> {
  const { submitted, writer, signal } = context;
  const store = openLocation(formatLocation(output.to), submitted.baseLocation);
  const prefix = `${writer.key.run}/`;
  const published: events.PublishedFile[] = [];
  for (const file of files) {
    const path = publishedPath(file.path, output);
    const digest = await digestOfFile(file);
    await store.put(`${prefix}${path}`, file.read(), { signal });
    published.push({ path, digest, sizeBytes: file.sizeBytes });
  }
  const folder = pathToFileURL(locationPath(output.to, submitted.baseLocation)).href.replace(/\/?$/, "/");
  const location = `${folder}${prefix}`;
  const record: events.PublishedOutput = { name, location, files: published, labels: labelsOf(output, submitted) };
  const commit = Buffer.from(
    canonicalJson({ run: writer.key.run, manifest: submitted.manifest?.digest ?? "", output: record }),
  );
  const commitKey = `${prefix}${name}.commit.json`;
  await createOnce(store, commitKey, commit);
  await writer.append([
    {
      type: "output.published",
      data: { output: record, commitLocation: `${folder}${commitKey}`, commitDigest: sha256(commit) },
    },
  ]);
}

/** The commit point: of all publishers of a run exactly one creates it, and any other must have meant the same. */
async function createOnce(store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(key, bytes, { ifAbsent: true });
  } catch (error) {
    if (!isStorageError(error, "PRECONDITION_FAILED")) throw error;
    const there = await store.read(key);
    if (Buffer.compare(there, bytes) === 0) return;
    throw new RpcError({
      status: "ABORTED",
      reason: "OUTPUT_CONFLICT",
      message: `${store.location} holds another ${key}`,
      mend: "something else wrote there; remove it or publish elsewhere",
      cause: error,
    });
  }
}

/** An output carries its own labels and those of everything that the run was given. */
const labelsOf = (output: Output, { inputs }: events.RunSubmitted): string[] =>
  [...new Set([...output.labels, ...inputs.flatMap(({ labels }) => labels)])].toSorted();

async function complete({ writer, task }: TaskContext): Promise<void> {
  const published = writer.state.published.flatMap(({ output }) => output ?? []);
  const files = published.reduce((n, output) => n + output.files.length, 0);
  const result: events.TaskResult = {
    taskId: task.taskId,
    outputsTreeDigest: "",
    usage: writer.state.usage,
    steps: 0,
    summary: `published ${files} file${files === 1 ? "" : "s"}`,
    itemPath: "",
    published,
    snapshotDigest: "",
  };
  await writer.append([{ type: "run.completed", data: { result } }]);
}

function invalidOutputs(problems: readonly Problem[]): RpcError {
  return new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "OUTPUT_INVALID",
    message: problems.map(({ path, reason, message }) => `${reason} ${path}: ${message}`).join("\n"),
    mend: problems[0]?.mend ?? "",
  });
}
