import { sign as edSign, verify as edVerify } from "node:crypto";
import { TransparencyLogError } from "./errors.ts";
import type { NoteSigner, NoteVerifier } from "./note-key.ts";

/** Notes and signature lists beyond these sizes are refused before they are looked at. */
const MAX_NOTE_BYTES = 1_000_000;
const MAX_SIGNATURES = 100;

export interface NoteSignature {
  readonly name: string;
  /** First four bytes that the signature line carries, as 8 hexadecimal digits. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A note as read; its text is not to be trusted until {@link openNote} has checked a signature. */
export interface UnverifiedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;

/** Writes a C2SP signed note. `text` ends in a newline and has no other control character. */
export function signNote(text: string, ...signers: readonly NoteSigner[]): string {
  if (!text.endsWith("\n") || hasControl(text)) {
    throw new TransparencyLogError(
      "MALFORMED",
      "a note's text must end in a newline and have no other control character",
    );
  }
  const lines = signers.map(({ name, keyId, privateKey }) => {
    const signature = edSign(null, Buffer.from(text), privateKey);
    return `— ${name} ${Buffer.concat([Buffer.from(keyId, "hex"), signature]).toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Takes a note apart. The text ends at the last empty line; everything after it must be signature lines. */
export function parseNote(note: string): UnverifiedNote {
  if (note.length > MAX_NOTE_BYTES) throw malformed("too long");
  if (hasControl(note)) throw malformed("control character");
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw malformed("no signatures after an empty line");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw malformed("too many signatures");
  const signatures = lines.map((line) => {
    const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = base64 === undefined ? undefined : Buffer.from(base64, "base64");
    if (name === undefined || bytes === undefined || bytes.length < 5 || bytes.toString("base64") !== base64) {
      throw malformed("a line that is no signature");
    }
    return { name, keyId: bytes.subarray(0, 4).toString("hex"), signature: bytes.subarray(4) };
  });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * The text of a note that one of `verifiers` has signed. Signatures by other keys are ignored; a wrong signature by a
 * known key rejects the note, whatever else it carries. Throws `MALFORMED` or `SIGNATURE`.
 */
export function openNote(note: string, ...verifiers: readonly NoteVerifier[]): string {
  const { text, signatures } = parseNote(note);
  let verified = false;
  for (const { name, keyId, signature } of signatures) {
    const known = verifiers.find((v) => v.name === name && v.keyId === keyId);
    if (known === undefined) continue;
    if (!edVerify(null, Buffer.from(text), known.publicKey, signature)) {
      throw new TransparencyLogError("SIGNATURE", `the signature of ${name}+${keyId} is wrong`);
    }
    verified = true;
  }
  if (verified) return text;
  const wanted = verifiers.map((v) => `${v.name}+${v.keyId}`).join(", ");
  const found = signatures.map((s) => `${s.name}+${s.keyId}`).join(", ");
  throw new TransparencyLogError("SIGNATURE", `signed by ${found}, not by ${wanted}`);
}

const malformed = (why: string): TransparencyLogError =>
  new TransparencyLogError("MALFORMED", `not a signed note: ${why}`);

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}
