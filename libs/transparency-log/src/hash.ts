import { hash } from "node:crypto";

/** Bytes of a SHA-256 digest. */
export const HASH_BYTES = 32;

/** Digest of a leaf or a node: {@link HASH_BYTES} bytes. */
export type Hash = Uint8Array;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Root of the tree without leaves (RFC 6962, section 2.1): the digest of nothing. */
export const EMPTY_ROOT: Hash = hash("sha256", "", "buffer");

/** RFC 6962, section 2.1: `SHA-256(0x00 || leaf)`. The prefix keeps a leaf from passing for a node. */
export function leafHash(leaf: Uint8Array): Hash {
  const bytes = Buffer.allocUnsafe(1 + leaf.length);
  bytes[0] = LEAF_PREFIX;
  bytes.set(leaf, 1);
  return hash("sha256", bytes, "buffer");
}

/** RFC 6962, section 2.1: `SHA-256(0x01 || left || right)`. */
export function nodeHash(left: Hash, right: Hash): Hash {
  const bytes = Buffer.allocUnsafe(1 + 2 * HASH_BYTES);
  bytes[0] = NODE_PREFIX;
  bytes.set(left, 1);
  bytes.set(right, 1 + HASH_BYTES);
  return hash("sha256", bytes, "buffer");
}

export const sameHash = (a: Hash, b: Hash): boolean => Buffer.compare(a, b) === 0;
