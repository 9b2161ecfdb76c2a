import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { NatsConnection } from "@nats-io/nats-core";
import { events } from "@cofferdam/contracts";
import { type Digest, type LogEvent, openRunLog, RunId, taskLogId, type Team } from "@cofferdam/run-log";

/** Bodies and published files of sample runs, in folders of a test. */
export interface SampleFolders {
  readonly blobs: string;
  readonly outputs: string;
}

export interface SampleRun {
  readonly run: string;
  readonly snapshots: readonly string[];
}

const digestOf = (bytes: Uint8Array | string): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const usage = (inputTokens: number): events.Usage => events.Usage.fromPartial({ inputTokens, outputTokens: 7 });

/** Reads blobs that {@link writeSampleRun} wrote: a file per digest. */
export const sampleBlobs = ({ blobs }: SampleFolders) => ({
  get: async ({ digest }: { readonly digest: string }): Promise<Uint8Array> =>
    readFileSync(join(blobs, digest.slice(7))),
});

function putBlob({ blobs }: SampleFolders, text: string): events.BlobRef {
  const digest = digestOf(text);
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, digest.slice(7)), text);
  return { digest, sizeBytes: Buffer.byteLength(text), mediaType: "application/json" };
}

/** A whole run as services write it: one task of `steps` steps, then publication. Returns when its last event is durable. */
export async function writeSampleRun(
  nc: NatsConnection,
  team: Team,
  run: string,
  steps: number,
  folders: SampleFolders,
): Promise<SampleRun> {
  const snapshots: string[] = [];
  const snapshot = (name: string): Digest => {
    const digest = digestOf(`snapshot ${run} ${name}`);
    snapshots.push(digest);
    return digest;
  };
  const planner = openRunLog({ nc, team, instance: `planner-${run}`, service: "planner" });
  const worker = openRunLog({ nc, team, instance: `worker-${run}`, service: "harness-gateway" });
  const key = { team, run: RunId(run) };
  const input: events.PinnedInput = events.PinnedInput.fromPartial({
    name: "records",
    treeDigest: snapshot("input"),
    files: 1,
  });
  const submitted = events.RunSubmitted.fromPartial({
    team,
    principal: "tester",
    manifest: putBlob(folders, `{"manifest":"${run}"}`),
    manifestName: "sample",
    inputs: [input],
    model: "scripted:sample",
  });
  await planner.create(key, { ...submitted, plan: events.RunPlan.fromPartial({ maxParallel: 1, maxAttempts: 1 }) });
  const root = await planner.claim(key);
  const kinds = { t001: "TASK_KIND_WORK", publish: "TASK_KIND_PUBLISH" } as const;
  await root.append([
    { type: "input.pinned", data: { input } },
    {
      type: "run.planned",
      data: { tasks: Object.entries(kinds).map(([taskId, kind]) => ({ taskId, kind, item: undefined })) },
    },
  ]);

  const carryOut = async (taskId: keyof typeof kinds, work: readonly LogEvent[], result: events.TaskResult) => {
    const kind = kinds[taskId];
    await root.append([{ type: "task.dispatched", data: { taskId, kind, attempt: 1 } }]);
    const taskKey = { ...key, task: taskLogId(taskId, 1) };
    const task = events.TaskSpec.fromPartial({ taskId, kind, attempt: 1 });
    await planner.create(taskKey, { ...submitted, task });
    const log = await worker.claim(taskKey);
    await log.append([
      { type: "task.started", data: { taskId, itemPath: "" } },
      ...work,
      { type: "run.completed", data: { result } },
    ]);
    await root.append([{ type: "task.completed", data: { result, logDigest: log.state.head.digest } }]);
  };

  const [workEvents, last] = agentEvents(run, steps, folders, snapshot);
  const result = events.TaskResult.fromPartial({
    taskId: "t001",
    steps,
    snapshotDigest: last,
    outputsTreeDigest: snapshot("out"),
  });
  await carryOut("t001", workEvents, result);
  const published = publishFiles(run, folders);
  await carryOut(
    "publish",
    [{ type: "output.published", data: published }],
    events.TaskResult.fromPartial({ taskId: "publish" }),
  );
  await root.append([
    { type: "run.completed", data: { result: events.TaskResult.fromPartial({ taskId: "publish" }) } },
  ]);
  return { run, snapshots };
}

function agentEvents(
  run: string,
  steps: number,
  folders: SampleFolders,
  snapshot: (name: string) => Digest,
): [LogEvent[], Digest] {
  let last = snapshot("start");
  const found: LogEvent[] = [
    { type: "sandbox.attached", data: { sandboxId: `${run}-s1`, tier: "namespace", snapshotDigest: last, readyMs: 5 } },
  ];
  for (let step = 1; step <= steps; step++) {
    const callId = `${run}/t001/${step}`;
    const request = putBlob(folders, `{"request":"${callId}"}`);
    const response = putBlob(folders, `{"response":"${callId}"}`);
    last = snapshot(`step ${step}`);
    found.push(
      { type: "model.requested", data: { callId, turn: step, model: "scripted:sample", request } },
      {
        type: "model.responded",
        data: { callId, responseId: `r${step}`, response, usage: usage(step), durationMs: 3, sends: 1 },
      },
      {
        type: "policy.decided",
        data: events.PolicyDecided.fromPartial({ step, action: "exec", decision: "DECISION_ALLOW" }),
      },
      {
        type: "step.started",
        data: events.StepStarted.fromPartial({
          step,
          toolCallId: `c${step}`,
          tool: "exec_command",
          arguments: { body: { $case: "inline", value: '{"cmd":"true"}' } },
          attempt: 1,
          execId: `${run}-${step}`,
        }),
      },
      {
        type: "step.committed",
        data: events.StepCommitted.fromPartial({
          step,
          exitCode: 0,
          output: { body: { $case: "blob", value: putBlob(folders, `output of ${callId}`) } },
          snapshotDigest: last,
        }),
      },
    );
  }
  return [[...found, { type: "sandbox.released", data: { sandboxId: `${run}-s1` } }], last];
}

function publishFiles(run: string, { outputs }: SampleFolders): events.OutputPublished {
  const folder = join(outputs, run);
  const files = ["report.md", "data/rows.jsonl"].map((path) => {
    const text = `${path} of ${run}\n`;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return { path, digest: digestOf(text), sizeBytes: Buffer.byteLength(text) };
  });
  const commit = `${JSON.stringify({ files })}\n`;
  const commitPath = join(folder, "results.commit.json");
  writeFileSync(commitPath, commit);
  return {
    output: { name: "results", location: pathToFileURL(`${folder}/`).href, files, labels: [] },
    commitLocation: pathToFileURL(commitPath).href,
    commitDigest: digestOf(commit),
  };
}
