import { createHash } from "node:crypto";

/** `sha256:` and 64 lowercase hexadecimal digits: the address of some bytes. */
export type Digest = string & { readonly __brand: "Digest" };

const form = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => form.test(text);

/** @throws TypeError when `text` has another form. */
export function Digest(text: string): Digest {
  if (!isDigest(text)) throw new TypeError(`${JSON.stringify(text)} is no digest: sha256: and 64 lowercase hex digits`);
  return text;
}

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;

/** The hexadecimal part. */
export const digestHex = (digest: Digest): string => digest.slice(7);
