import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { type EventData, eventCodecs, type EventType, isEventType, type LogEvent } from "./event-types.ts";

/** `sha256:` and 64 lowercase hexadecimal digits. */
export type Digest = `sha256:${string}`;

export const sha256 = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** The previous digest of a log's first event. */
export const NO_EVENT: Digest = `sha256:${"0".repeat(64)}`;

/**
 * CloudEvents 1.0 in JSON with the extension attributes that make a log checkable. Everything but `data` is the leaf:
 * it is what the ledger hashes, and its digest is what the next event names. The body is bound by `datadigest`, so that
 * erasing a body leaves every proof valid.
 */
export interface Leaf {
  readonly specversion: "1.0";
  /** `<log>#<ordinal>@<epoch>:<owner>`: two writers racing for one place differ here. */
  readonly id: string;
  /** `/cofferdam/<team>/<service>`. */
  readonly source: string;
  /** `cofferdam.<event type>`. */
  readonly type: string;
  /** `<run>` or `<run>/<task>`. */
  readonly subject: string;
  /** RFC 3339 by the writer's clock: for people, never for decisions. */
  readonly time: string;
  readonly datacontenttype: "application/json";
  /** Place in the log, from 1 without gaps. */
  readonly ordinal: number;
  /** Digest of the leaf before this one; {@link NO_EVENT} for the first. */
  readonly prevdigest: Digest;
  readonly epoch: number;
  /** Instance that owns the log in this epoch. */
  readonly owner: string;
  /** Digest of the canonical JSON of `data`. */
  readonly datadigest: Digest;
}

export interface Envelope extends Leaf {
  readonly data: unknown;
}

/** RFC 8785. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no JSON form");
  return text;
}

export function leafOf(envelope: Envelope): Leaf {
  const { data: _body, ...leaf } = envelope;
  return leaf;
}

export const leafBytes = (leaf: Leaf): Uint8Array => Buffer.from(canonicalJson(leaf));
export const leafDigest = (leaf: Leaf): Digest => sha256(leafBytes(leaf));

/** What an envelope takes from its writer and its place. */
export interface Place {
  readonly team: string;
  readonly service: string;
  readonly log: string;
  readonly time: string;
  readonly ordinal: number;
  readonly prevdigest: Digest;
  readonly epoch: number;
  readonly owner: string;
}

/** CloudEvents `id` of an event at its place. */
export const eventId = (place: Pick<Place, "log" | "ordinal" | "epoch" | "owner">): string =>
  `${place.log}#${place.ordinal}@${place.epoch}:${place.owner}`;

export function seal(event: LogEvent, place: Place): Envelope {
  const codec = eventCodecs[event.type] as { toJSON(data: unknown): unknown };
  const data = codec.toJSON(event.data);
  return {
    specversion: "1.0",
    id: eventId(place),
    source: `/cofferdam/${place.team}/${place.service}`,
    type: `cofferdam.${event.type}`,
    subject: place.log,
    time: place.time,
    datacontenttype: "application/json",
    ordinal: place.ordinal,
    prevdigest: place.prevdigest,
    epoch: place.epoch,
    owner: place.owner,
    datadigest: sha256(canonicalJson(data)),
    data,
  };
}

export const encodeEnvelope = (envelope: Envelope): Uint8Array => Buffer.from(canonicalJson(envelope));

export type Decoded =
  | { readonly ok: true; readonly envelope: Envelope; readonly event: LogEvent; readonly digest: Digest }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Present where everything can be read but the event itself: another version may know it. */
      readonly foreign?: Envelope;
    };

const digestText = /^sha256:[0-9a-f]{64}$/;
const strings = ["id", "source", "type", "subject", "time", "prevdigest", "owner", "datadigest"] as const;
/** Fatal, so that no two byte strings read as one text. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads stored bytes. Never throws: what cannot be read is void, with the reason. Bytes that are not the canonical form
 * of what they say are void too, so that one event has one encoding.
 */
export function decodeEnvelope(bytes: Uint8Array): Decoded {
  try {
    const read = parseEnvelope(utf8.decode(bytes));
    if (typeof read === "string") return { ok: false, reason: read };
    const { envelope, dataText, digest } = read;
    const type = envelope.type.startsWith("cofferdam.") ? envelope.type.slice("cofferdam.".length) : "";
    if (!isEventType(type)) return { ok: false, reason: `unknown event type ${envelope.type}`, foreign: envelope };
    const event = parseData(type, envelope.data, dataText);
    if (event === undefined) {
      return { ok: false, reason: `data of ${envelope.type} is not what is known of it`, foreign: envelope };
    }
    return { ok: true, envelope, event, digest };
  } catch (error) {
    // Not UTF-8, not JSON, or JSON without a canonical form (lone surrogates, numbers beyond a double, endless nesting).
    return { ok: false, reason: `not canonical JSON: ${error instanceof Error ? error.name : typeof error}` };
  }
}

interface ReadEnvelope {
  readonly envelope: Envelope;
  /** Canonical JSON of its data. */
  readonly dataText: string;
  readonly digest: Digest;
}

function parseEnvelope(text: string): ReadEnvelope | string {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not an object";
  const v = value as Record<string, unknown>;
  if (v["specversion"] !== "1.0" || v["datacontenttype"] !== "application/json") return "not CloudEvents 1.0 JSON";
  for (const name of strings) if (typeof v[name] !== "string") return `attribute ${name} is missing`;
  for (const name of ["ordinal", "epoch"]) {
    if (!Number.isSafeInteger(v[name]) || (v[name] as number) < 0) return `attribute ${name} is not a count`;
  }
  if (Object.keys(v).length !== 13 || typeof v["data"] !== "object") return "unexpected attributes";
  const envelope = v as unknown as Envelope;
  if (!digestText.test(envelope.prevdigest) || !digestText.test(envelope.datadigest)) return "malformed digest";
  const dataText = canonicalJson(envelope.data);
  const leafText = canonicalJson(leafOf(envelope));
  // "data" sorts before every attribute of the leaf, so this is the canonical form of the whole.
  if (`{"data":${dataText},${leafText.slice(1)}` !== text) return "not canonical";
  if (sha256(dataText) !== envelope.datadigest) return "data does not match datadigest";
  return { envelope, dataText, digest: sha256(leafText) };
}

function parseData(type: EventType, data: unknown, dataText: string): LogEvent | undefined {
  const codec = eventCodecs[type] as {
    fromJSON(value: unknown): EventData<EventType>;
    toJSON(value: unknown): unknown;
  };
  try {
    const parsed = codec.fromJSON(data);
    if (canonicalJson(codec.toJSON(parsed)) !== dataText) return undefined;
    return { type, data: parsed } as LogEvent;
  } catch {
    return undefined;
  }
}
