import { joinRight } from "./compact-range.ts";
import { TransparencyLogError } from "./errors.ts";
import { EMPTY_ROOT, type Hash, HASH_BYTES, nodeHash, sameHash } from "./hash.ts";

/** Hash of the perfect subtree of 2^height leaves that starts at leaf `index * 2^height`. */
export type NodeReader = (height: number, index: number) => Promise<Hash>;

/** Audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962, section 2.1.1), from the leaf up. */
export async function inclusionProof(nodes: NodeReader, index: number, size: number): Promise<Hash[]> {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new TransparencyLogError("RANGE", `no leaf ${index} in a tree of ${size}`);
  }
  const path: Hash[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.unshift(await rangeHash(nodes, middle, end));
      end = middle;
    } else {
      path.unshift(await rangeHash(nodes, start, middle));
      start = middle;
    }
  }
  return path;
}

/** Proof that the tree of `second` leaves starts with the tree of `first` leaves (RFC 6962, section 2.1.2). */
export async function consistencyProof(nodes: NodeReader, first: number, second: number): Promise<Hash[]> {
  if (!isCount(first) || !isCount(second) || first > second) {
    throw new TransparencyLogError("RANGE", `a tree of ${second} leaves cannot extend one of ${first}`);
  }
  if (first === 0 || first === second) return [];
  const proof: Hash[] = [];
  let [start, end] = [0, second];
  // Whether the subtree in hand is one that the verifier knows already: the whole first tree.
  let known = true;
  while (end !== first) {
    const middle = start + splitPoint(end - start);
    if (first <= middle) {
      proof.unshift(await rangeHash(nodes, middle, end));
      end = middle;
    } else {
      proof.unshift(await rangeHash(nodes, start, middle));
      start = middle;
      known = false;
    }
  }
  return known ? proof : [await rangeHash(nodes, start, end), ...proof];
}

/** RFC 9162, section 2.1.3.2. Throws `PROOF` unless the path leads from the leaf to the root. */
export function verifyInclusion(leaf: Hash, index: number, size: number, path: readonly Hash[], root: Hash): void {
  if (!isCount(index) || !isCount(size) || index >= size) throw wrong(`no leaf ${index} in a tree of ${size}`);
  requireHashes([leaf, root, ...path]);
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) throw wrong("the audit path is too long");
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw wrong("the audit path is too short");
  if (!sameHash(hash, root)) throw wrong(`the audit path of leaf ${index} does not lead to the root`);
}

/** RFC 9162, section 2.1.4.2. Throws `PROOF` unless the second tree starts with the first. */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Hash,
  secondRoot: Hash,
  proof: readonly Hash[],
): void {
  if (!isCount(first) || !isCount(second) || first > second)
    throw wrong(`sizes ${first} and ${second} are not in order`);
  requireHashes([firstRoot, secondRoot, ...proof]);
  if (first === 0 || first === second) {
    if (proof.length > 0) throw wrong("the proof should be empty");
    if (!sameHash(firstRoot, first === 0 ? EMPTY_ROOT : secondRoot)) throw wrong("the roots differ");
    return;
  }
  // A first tree that is a perfect subtree of the second is its own starting point.
  const [start, ...rest] = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  if (start === undefined || rest.length === 0) throw wrong("the consistency proof is too short");
  let [at, last] = [first - 1, second - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let [ofFirst, ofSecond] = [start, start];
  for (const sibling of rest) {
    if (last === 0) throw wrong("the consistency proof is too long");
    if (at % 2 === 1 || at === last) {
      [ofFirst, ofSecond] = [nodeHash(sibling, ofFirst), nodeHash(sibling, ofSecond)];
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      ofSecond = nodeHash(ofSecond, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) throw wrong("the consistency proof is too short");
  if (!sameHash(ofFirst, firstRoot)) throw wrong(`the proof does not lead to the root of ${first} leaves`);
  if (!sameHash(ofSecond, secondRoot)) throw wrong(`the proof does not lead to the root of ${second} leaves`);
}

/** Merkle tree hash of leaves `start` to `end`, joined from perfect subtrees. `start` is a multiple of each of them. */
async function rangeHash(nodes: NodeReader, start: number, end: number): Promise<Hash> {
  const subtrees: Hash[] = [];
  for (let at = start; at < end;) {
    const height = Math.floor(Math.log2(end - at));
    subtrees.push(await nodes(height, at / 2 ** height));
    at += 2 ** height;
  }
  return joinRight(subtrees);
}

/** Largest power of two below n. */
const splitPoint = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));
const half = (n: number): number => Math.floor(n / 2);
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
// Below 2^48, where log2 of neighbouring integers is still told apart.
const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0 && n < 2 ** 48;
const wrong = (message: string): TransparencyLogError => new TransparencyLogError("PROOF", message);

function requireHashes(hashes: readonly Hash[]): void {
  if (hashes.some((h) => h.length !== HASH_BYTES)) throw wrong(`a hash is not ${HASH_BYTES} bytes long`);
}
