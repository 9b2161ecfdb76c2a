import type { WatchedEvent } from "@cofferdam/client";
import {
  decodeEnvelope,
  encodeEnvelope,
  type EventData,
  eventCodecs,
  type EventType,
  type LogEvent,
  NO_EVENT,
  seal,
} from "@cofferdam/run-log";

/** For tests: an event as the client delivers it. `seconds` is its time within one minute. */
export function eventOf(log: string, type: EventType, data: object, seconds = 0): WatchedEvent {
  const codec = eventCodecs[type] as { fromJSON(value: unknown): EventData<EventType> };
  const event = { type, data: codec.fromJSON(data) } as LogEvent;
  const time = `2026-11-23T10:00:${String(seconds).padStart(2, "0")}.000Z`;
  const place = { team: "t", service: "test", log, time, ordinal: 1, prevdigest: NO_EVENT, epoch: 1, owner: "o" };
  const decoded = decodeEnvelope(encodeEnvelope(seal(event, place)));
  if (!decoded.ok) throw new TypeError(decoded.reason);
  const { envelope, digest } = decoded;
  const taskId = log.split("/")[1];
  return { ...decoded.event, log, taskId, sequence: 1, ordinal: 1, time: new Date(time), digest, envelope };
}
