import type { events } from "@cofferdam/contracts";
import { type LogKey, RunId, TaskId, taskLogId, Team } from "../log-key.ts";

/** A digest that differs by its argument. */
export const sampleDigest = (n: number): string => `sha256:${n.toString(16).padStart(64, "0")}`;

export const sampleRun: LogKey = { team: Team("acme"), run: RunId("run-1") };
export const sampleTask = (spec: Pick<events.TaskSpec, "taskId" | "attempt">): LogKey => ({
  ...sampleRun,
  task: TaskId(taskLogId(spec.taskId, spec.attempt)),
});

const common = (team: string): Omit<events.RunSubmitted, "plan" | "task"> => ({
  team,
  principal: "alice@example.com",
  manifest: { digest: sampleDigest(1), sizeBytes: 512, mediaType: "application/json" },
  manifestName: "clinical-records",
  idempotencyKey: "key-1",
  inputs: [
    {
      name: "records",
      source: "file:./records",
      treeDigest: sampleDigest(2),
      files: 3,
      sizeBytes: 3_000,
      labels: ["phi"],
    },
  ],
  model: "scripted:clinical",
  baseLocation: "file:///srv/example",
});

export const samplePlan: events.RunPlan = {
  fanOutInput: "records",
  items: 3,
  maxParallel: 2,
  join: true,
  budget: { tokens: 100_000, toolCalls: 0, wallMs: 600_000 },
  maxAttempts: 2,
};

export const runSubmitted = (plan: Partial<events.RunPlan> = {}, team = "acme"): events.RunSubmitted => ({
  ...common(team),
  plan: { ...samplePlan, ...plan },
  task: undefined,
});

export const taskSubmitted = (spec: Partial<events.TaskSpec> = {}, team = "acme"): events.RunSubmitted => ({
  ...common(team),
  plan: undefined,
  task: {
    taskId: "t001",
    kind: "TASK_KIND_WORK",
    item: 0,
    upstream: [],
    budget: undefined,
    attempt: 1,
    ...spec,
  },
});

export const sampleUsage: events.Usage = {
  inputTokens: 1_000,
  cachedInputTokens: 200,
  outputTokens: 50,
  modelCalls: 1,
  toolCalls: 0,
};

export const sampleResult = (taskId: string): events.TaskResult => ({
  taskId,
  outputsTreeDigest: sampleDigest(3),
  usage: sampleUsage,
  steps: 2,
  summary: `did ${taskId}`,
  itemPath: "records/a.txt",
  published: [],
  snapshotDigest: sampleDigest(4),
});

export const sampleFailure = (retryable: boolean): events.Failure => ({
  reason: retryable ? "MODEL_OVERLOADED" : "OUTPUT_MISSING",
  message: "it did not work",
  retryable,
});
