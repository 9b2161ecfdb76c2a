import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { CompactRange } from "./compact-range.ts";
import { type Hash, leafHash } from "./hash.ts";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "./proof.ts";
import { CONSISTENCY, INCLUSION, LEAVES, ROOTS } from "./rfc6962-vectors.ts";
import { tileNodes } from "./tile-hashes.ts";
import { MemoryTileStore } from "./tile-store.ts";
import { TileWriter } from "./tile-writer.ts";

const hex = (hashes: readonly Hash[]) => hashes.map((h) => Buffer.from(h).toString("hex"));
const unhex = (texts: readonly string[]) => texts.map((t) => Buffer.from(t, "hex"));

async function treeOf(entries: readonly Uint8Array[]) {
  const store = new MemoryTileStore();
  await store.write(TileWriter.empty().append(entries).files);
  const roots: Hash[] = [];
  const range = new CompactRange();
  for (const entry of entries) {
    roots.push(range.root());
    range.append(leafHash(entry));
  }
  return { nodes: tileNodes(store, entries.length), roots: [...roots, range.root()] };
}

const sizeEntries = (n: number) => Array.from({ length: n }, (_, i) => Buffer.from(`entry ${i}`));

test("roots equal the RFC 6962 vectors", async () => {
  const { roots } = await treeOf(unhex(LEAVES));
  expect(hex(roots)).toEqual(ROOTS);
});

test("inclusion proofs equal the RFC 6962 vectors", async () => {
  for (const { index, size, path } of INCLUSION) {
    const { nodes } = await treeOf(unhex(LEAVES.slice(0, size)));
    expect(hex(await inclusionProof(nodes, index, size))).toEqual(path);
  }
});

test("consistency proofs equal the RFC 6962 vectors", async () => {
  const { nodes } = await treeOf(unhex(LEAVES));
  for (const { first, second, proof } of CONSISTENCY) {
    expect(hex(await consistencyProof(nodes, first, second))).toEqual(proof);
  }
});

test("every inclusion and consistency proof of every tree up to 40 leaves verifies", async () => {
  const entries = sizeEntries(40);
  const { nodes, roots } = await treeOf(entries);
  expect(roots).toHaveLength(41);
  for (let size = 1; size <= 40; size++) {
    const root = roots[size] ?? Buffer.of();
    for (let index = 0; index < size; index++) {
      verifyInclusion(
        leafHash(entries[index] ?? Buffer.of()),
        index,
        size,
        await inclusionProof(nodes, index, size),
        root,
      );
    }
    for (let first = 0; first <= size; first++) {
      verifyConsistency(first, size, roots[first] ?? Buffer.of(), root, await consistencyProof(nodes, first, size));
    }
  }
});

const LARGE = 70_000;
const large = treeOf(sizeEntries(LARGE));

test("proofs in a tree of three tile levels verify, and no mutation of one does", async () => {
  const { nodes, roots } = await large;
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), fc.nat(), async (a, b, c, d) => {
      const size = 2 + (a % (LARGE - 1));
      const index = b % size;
      const root = roots[size] ?? Buffer.of();
      const leaf = leafHash(Buffer.from(`entry ${index}`));
      const path = await inclusionProof(nodes, index, size);
      verifyInclusion(leaf, index, size, path, root);
      for (const wrong of mutations(path, c, d)) {
        expect(() => verifyInclusion(leaf, index, size, wrong, root)).toThrow("");
      }
      expect(() => verifyInclusion(leafHash(leaf), index, size, path, root)).toThrow("root");
      const other = (index + 1 + (c % (size - 1))) % size;
      expect(() => verifyInclusion(leaf, other, size, path, root)).toThrow("");

      const first = 1 + (c % (size - 1));
      const firstRoot = roots[first] ?? Buffer.of();
      const proof = await consistencyProof(nodes, first, size);
      verifyConsistency(first, size, firstRoot, root, proof);
      for (const wrong of mutations(proof, c, d)) {
        expect(() => verifyConsistency(first, size, firstRoot, root, wrong)).toThrow("");
      }
      expect(() => verifyConsistency(first, size, roots[first - 1] ?? Buffer.of(), root, proof)).toThrow("");
    }),
    { numRuns: 200 },
  );
});

/** The proof with one bit flipped, one hash dropped, one repeated, two swapped, one added. */
function mutations(proof: readonly Hash[], at: number, bit: number): Hash[][] {
  const found: Hash[][] = [
    [...proof, leafHash(Buffer.of(1))],
    [leafHash(Buffer.of(1)), ...proof],
  ];
  if (proof.length === 0) return found;
  const i = at % proof.length;
  const flipped = proof.map((h) => Buffer.from(h));
  const target = flipped[i];
  if (target) target[bit % 32] = (target[bit % 32] ?? 0) ^ (1 << (bit % 8));
  found.push(flipped, proof.toSpliced(i, 1));
  const hash = proof[i];
  if (hash) found.push(proof.toSpliced(i, 0, hash));
  const next = proof[i + 1];
  if (hash && next) found.push(proof.toSpliced(i, 2, next, hash));
  return found;
}

test("sizes and indexes that the tree does not have are refused", async () => {
  const { nodes } = await treeOf(sizeEntries(3));
  await expect(inclusionProof(nodes, 3, 3)).rejects.toThrow("no leaf 3");
  await expect(inclusionProof(nodes, 0, 4)).rejects.toThrow("");
  await expect(consistencyProof(nodes, 4, 3)).rejects.toThrow("cannot extend");
  expect(() => verifyInclusion(leafHash(Buffer.of()), 0, 0, [], leafHash(Buffer.of()))).toThrow("no leaf 0");
});
