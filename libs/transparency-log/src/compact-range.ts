import { EMPTY_ROOT, type Hash, nodeHash } from "./hash.ts";

/**
 * The least that must be kept of a tree to go on appending and to know its root: the roots of its perfect subtrees,
 * largest first, one for each bit of its size.
 */
export class CompactRange {
  #size: number;
  readonly #hashes: Hash[];

  constructor(size = 0, hashes: readonly Hash[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`tree size ${size} is not a count`);
    if (hashes.length !== ones(size)) {
      throw new RangeError(`a tree of ${size} leaves has ${ones(size)} perfect subtrees, not ${hashes.length}`);
    }
    this.#size = size;
    this.#hashes = [...hashes];
  }

  get size(): number {
    return this.#size;
  }

  /** Roots of the perfect subtrees, largest first. */
  get hashes(): readonly Hash[] {
    return this.#hashes;
  }

  append(leaf: Hash): void {
    let merged = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new RangeError("fewer subtrees than bits");
      merged = nodeHash(left, merged);
    }
    this.#hashes.push(merged);
    this.#size++;
  }

  /** RFC 6962 Merkle tree hash of all leaves so far. */
  root(): Hash {
    return joinRight(this.#hashes);
  }
}

/** Joins neighbouring subtrees, largest first, into the hash of them all. */
export function joinRight(subtrees: readonly Hash[]): Hash {
  return (
    subtrees.reduceRight<Hash | undefined>((right, left) => (right ? nodeHash(left, right) : left), undefined) ??
    EMPTY_ROOT
  );
}

function ones(n: number): number {
  let count = 0;
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
