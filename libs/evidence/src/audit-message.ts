import { decodeEnvelope, encodeEnvelope, type Envelope, leafBytes, leafOf, type LogEvent } from "@cofferdam/run-log";
import {
  type Checkpoint,
  type Hash,
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  verifyInclusion,
} from "@cofferdam/transparency-log";
import { EvidenceError } from "./errors.ts";

/**
 * What the ledger publishes on `cofferdam.<team>.audit.<type>`: the event, and in CloudEvents extension attributes its
 * place in the ledger with the proof of it. Whoever holds the verifier key needs nothing else.
 */
export interface AuditMessage extends Envelope {
  readonly ledgerindex: number;
  /** Entries under the checkpoint. */
  readonly ledgersize: number;
  /** The checkpoint: a signed note. */
  readonly ledgercheckpoint: string;
  /** Audit path from the leaf up, base64, separated by spaces. */
  readonly ledgerproof: string;
}

export interface LedgerPlace {
  readonly index: number;
  readonly size: number;
  readonly checkpoint: string;
  readonly proof: readonly Hash[];
}

export function auditMessage(envelope: Envelope, place: LedgerPlace): AuditMessage {
  return {
    ...envelope,
    ledgerindex: place.index,
    ledgersize: place.size,
    ledgercheckpoint: place.checkpoint,
    ledgerproof: place.proof.map((hash) => Buffer.from(hash).toString("base64")).join(" "),
  };
}

/** What an audit message proves. */
export interface AuditedEvent {
  readonly index: number;
  readonly checkpoint: Checkpoint;
  readonly envelope: Envelope;
  readonly event: LogEvent;
}

/**
 * Checks a message of the audit subscription: that its body fits its digest, and that its leaf is under a checkpoint
 * that the ledger signed. Throws EvidenceError, or TransparencyLogError naming signature or proof.
 *
 * @example
 * for await (const m of await nc.subscribe("cofferdam.team.audit.>")) verifyAuditMessage(m.data, verifierKey);
 */
export function verifyAuditMessage(bytes: Uint8Array, verifierKey: string): AuditedEvent {
  const message = parse(bytes);
  const { ledgerindex, ledgersize, ledgercheckpoint, ledgerproof, ...envelope } = message;
  const decoded = decodeEnvelope(encodeEnvelope(envelope));
  if (!decoded.ok) throw new EvidenceError("MALFORMED", `the audit message is no event: ${decoded.reason}`);
  const checkpoint = openCheckpoint(ledgercheckpoint, parseVerifierKey(verifierKey));
  if (checkpoint.size !== ledgersize) {
    throw new EvidenceError("UNPROVEN", `the checkpoint is of ${checkpoint.size} entries, not ${ledgersize}`);
  }
  const proof = ledgerproof === "" ? [] : ledgerproof.split(" ").map((text) => Buffer.from(text, "base64"));
  const leaf = leafHash(leafBytes(leafOf(envelope)));
  verifyInclusion(leaf, ledgerindex, ledgersize, proof, checkpoint.root);
  return { index: ledgerindex, checkpoint, envelope: decoded.envelope, event: decoded.event };
}

function parse(bytes: Uint8Array): AuditMessage {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new EvidenceError("MALFORMED", "the audit message is not JSON", error);
  }
  if (!isAuditMessage(value)) throw new EvidenceError("MALFORMED", "the audit message lacks its place in the ledger");
  return value;
}

function isAuditMessage(value: unknown): value is AuditMessage {
  if (typeof value !== "object" || value === null) return false;
  const v = value as Partial<Record<keyof AuditMessage, unknown>>;
  return (
    Number.isSafeInteger(v.ledgerindex) &&
    Number.isSafeInteger(v.ledgersize) &&
    typeof v.ledgercheckpoint === "string" &&
    typeof v.ledgerproof === "string"
  );
}
