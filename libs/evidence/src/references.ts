import type { events } from "@cofferdam/contracts";
import type { LogEvent } from "@cofferdam/run-log";

/** What an event names by digest. */
export interface References {
  readonly blobs: readonly events.BlobRef[];
  /** Snapshots and trees of the snapshot store. */
  readonly snapshots: readonly string[];
  readonly published: readonly events.OutputPublished[];
}

/** Exhaustive by event type: a type that is added must say here what it names. */
export function referencesOf(event: LogEvent): References {
  switch (event.type) {
    case "run.submitted":
      return {
        ...none,
        blobs: given(event.data.manifest),
        snapshots: [
          ...event.data.inputs.map((input) => input.treeDigest),
          ...(event.data.task?.upstream ?? []).flatMap(snapshotsOfResult),
        ].filter(isNamed),
      };
    case "input.pinned":
      return { ...none, snapshots: given(event.data.input?.treeDigest).filter(isNamed) };
    case "model.requested":
      return { ...none, blobs: given(event.data.request) };
    case "model.responded":
      return { ...none, blobs: given(event.data.response) };
    case "step.started":
      return { ...none, blobs: blobsOfBody(event.data.arguments) };
    case "step.committed":
      return { ...none, blobs: blobsOfBody(event.data.output), snapshots: [event.data.snapshotDigest].filter(isNamed) };
    case "sandbox.attached":
      return { ...none, snapshots: [event.data.snapshotDigest].filter(isNamed) };
    case "task.completed":
    case "run.completed":
      return { ...none, snapshots: given(event.data.result).flatMap(snapshotsOfResult) };
    case "output.published":
      return { ...none, published: [event.data] };
    case "run.claimed":
    case "run.planned":
    case "run.failed":
    case "run.cancelled":
    case "command.accepted":
    case "task.dispatched":
    case "task.started":
    case "task.failed":
    case "sandbox.lost":
    case "sandbox.released":
    case "policy.decided":
      return none;
    default:
      return event satisfies never;
  }
}

const none: References = { blobs: [], snapshots: [], published: [] };
const given = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);
const isNamed = (digest: string): boolean => digest !== "";

const blobsOfBody = (body: events.Body | undefined): events.BlobRef[] =>
  body?.body?.$case === "blob" ? [body.body.value] : [];

const snapshotsOfResult = (result: events.TaskResult): string[] =>
  [result.outputsTreeDigest, result.snapshotDigest].filter(isNamed);
