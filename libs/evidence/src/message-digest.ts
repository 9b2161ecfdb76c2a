import { createHash } from "node:crypto";
import type { Digest } from "@cofferdam/run-log";

/** Digest of a message of the stream: its subject, a line break, its bytes. */
export function messageDigest(subject: string, bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(subject).update("\n").update(bytes).digest("hex")}`;
}
