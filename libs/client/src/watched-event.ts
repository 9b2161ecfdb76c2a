import type { run } from "@cofferdam/contracts";
import { decodeEnvelope, type Envelope, type LogEvent } from "@cofferdam/run-log";
import { CofferdamError } from "./errors.ts";

/** An event of a run, decoded and checked: its body matches its digest. `type` selects the type of `data`. */
export type WatchedEvent = LogEvent & {
  /** `<run>` or `<run>/<task>`. */
  readonly log: string;
  /** The task whose log it is; undefined for the run's own. */
  readonly taskId: string | undefined;
  /** Place in the stream: grows within a log, not without gaps. */
  readonly sequence: number;
  /** Place in the log, from 1 without gaps. */
  readonly ordinal: number;
  /** When it happened, by its writer's clock. */
  readonly time: Date;
  /** SHA-256 of the leaf: what the ledger holds. */
  readonly digest: string;
  readonly envelope: Envelope;
};

/** Throws CofferdamError `PROTOCOL` on an event that this client cannot understand: leaving it out would hide it. */
export function watchedEvent({ log, logSequence, cloudEvent }: run.RunEvent): WatchedEvent {
  const decoded = decodeEnvelope(Buffer.from(cloudEvent, "utf8"));
  if (!decoded.ok) {
    throw new CofferdamError({
      code: "PROTOCOL",
      reason: "EVENT_UNREADABLE",
      message: `event ${logSequence} of ${log} cannot be read: ${decoded.reason}`,
      mend: "use a client as new as the service",
      metadata: { log, sequence: `${logSequence}` },
    });
  }
  const { event, envelope, digest } = decoded;
  const { ordinal } = envelope;
  return {
    ...event,
    log,
    taskId: log.split("/")[1],
    sequence: logSequence,
    ordinal,
    time: new Date(envelope.time),
    digest,
    envelope,
  };
}

/** Whether a run has ended with this event of its own log. */
export const endsRun = (event: WatchedEvent): boolean =>
  event.taskId === undefined && ["run.completed", "run.failed", "run.cancelled"].includes(event.type);
