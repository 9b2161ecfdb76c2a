import { TransparencyLogError } from "./errors.ts";
import { type Hash, HASH_BYTES } from "./hash.ts";
import { openNote, signNote } from "./note.ts";
import type { NoteSigner, NoteVerifier } from "./note-key.ts";

/** A signed tree head (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which log: a URL without scheme. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/** The note, signed by each signer; the first of them should bear the origin as its name. */
export function signCheckpoint({ origin, size, root }: Checkpoint, ...signers: readonly NoteSigner[]): string {
  return signNote(`${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`, ...signers);
}

/** Checks the signature, and that the origin is the verifier's name. Throws `MALFORMED` or `SIGNATURE`. */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint {
  const checkpoint = parseCheckpointText(openNote(note, verifier));
  if (checkpoint.origin !== verifier.name) {
    throw new TransparencyLogError("SIGNATURE", `checkpoint of ${checkpoint.origin}, not of ${verifier.name}`);
  }
  return checkpoint;
}

/** Reads the text of a checkpoint note. Extension lines are accepted and ignored, as the specification has it. */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin, sizeText, rootText, ...rest] = text.split("\n");
  if (!origin || sizeText === undefined || rootText === undefined || rest.pop() !== "")
    throw malformed("too few lines");
  if (rest.includes("")) throw malformed("empty extension line");
  const size = Number(sizeText);
  if (!/^(?:0|[1-9]\d*)$/.test(sizeText) || !Number.isSafeInteger(size)) throw malformed("tree size");
  const root = Buffer.from(rootText, "base64");
  if (root.length !== HASH_BYTES || root.toString("base64") !== rootText) throw malformed("root hash");
  return { origin, size, root };
}

const malformed = (why: string): TransparencyLogError =>
  new TransparencyLogError("MALFORMED", `not a checkpoint: ${why}`);
