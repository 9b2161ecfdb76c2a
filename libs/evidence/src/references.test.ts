import { expect, test } from "@jest/globals";
import { events } from "@cofferdam/contracts";
import { canonicalJson, eventCodecs, type LogEvent } from "@cofferdam/run-log";
import { referencesOf } from "./references.ts";

const blob = (n: number): events.BlobRef => ({ digest: `sha256:blob-${n}`, sizeBytes: n, mediaType: "text/plain" });
const result = events.TaskResult.fromPartial({
  taskId: "t",
  outputsTreeDigest: "sha256:tree-1",
  snapshotDigest: "sha256:tree-2",
});
const input = events.PinnedInput.fromPartial({ name: "i", treeDigest: "sha256:tree-3" });

/** Events with every field set that names something outside the ledger. */
const full: readonly LogEvent[] = [
  {
    type: "run.submitted",
    data: events.RunSubmitted.fromPartial({
      manifest: blob(1),
      inputs: [input],
      task: { taskId: "t", upstream: [result] },
    }),
  },
  { type: "input.pinned", data: { input } },
  { type: "model.requested", data: events.ModelRequested.fromPartial({ request: blob(2) }) },
  { type: "model.responded", data: events.ModelResponded.fromPartial({ response: blob(3) }) },
  {
    type: "step.started",
    data: events.StepStarted.fromPartial({ arguments: { body: { $case: "blob", value: blob(4) } } }),
  },
  {
    type: "step.committed",
    data: events.StepCommitted.fromPartial({
      output: { body: { $case: "blob", value: blob(5) } },
      snapshotDigest: "sha256:tree-4",
    }),
  },
  { type: "sandbox.attached", data: events.SandboxAttached.fromPartial({ snapshotDigest: "sha256:tree-5" }) },
  { type: "task.completed", data: { result, logDigest: "" } },
  { type: "run.completed", data: { result } },
];

test("every blob and tree that an event names is referred to", () => {
  for (const event of full) {
    const codec = eventCodecs[event.type] as { toJSON(data: unknown): unknown };
    const named = canonicalJson(codec.toJSON(event.data)).match(/sha256:(?:blob|tree)-\d/g) ?? [];
    const { blobs, snapshots } = referencesOf(event);
    expect({ type: event.type, found: [...blobs.map((ref) => ref.digest), ...snapshots].sort() }).toEqual({
      type: event.type,
      found: named.sort(),
    });
  }
});

test("what is unset names nothing", () => {
  expect(referencesOf({ type: "sandbox.attached", data: events.SandboxAttached.fromPartial({}) }).snapshots).toEqual(
    [],
  );
  expect(referencesOf({ type: "run.submitted", data: events.RunSubmitted.fromPartial({}) })).toEqual({
    blobs: [],
    snapshots: [],
    published: [],
  });
});
