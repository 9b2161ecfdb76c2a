import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { digestOf } from "@cofferdam/storage";
import { chunksIn, CONTENT_CHUNKS, TREE_CHUNKS } from "./fast-cdc.ts";

/** Bytes without pattern, the same for the same seed. */
function noise(bytes: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    createHash("sha256").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

const content = fc.oneof(
  fc.tuple(fc.nat(1_500_000), fc.string()).map(([bytes, seed]) => noise(bytes, seed)),
  fc.tuple(fc.nat(1_500_000), fc.nat(255)).map(([bytes, value]) => Buffer.alloc(bytes, value)),
  fc
    .tuple(fc.nat(400_000), fc.uint8Array({ minLength: 1, maxLength: 50 }))
    .map(([bytes, unit]) => Buffer.alloc(bytes, unit)),
);

test("chunks make up the content and keep the bounds", () => {
  fc.assert(
    fc.property(content, fc.constantFrom(CONTENT_CHUNKS, TREE_CHUNKS), (bytes, sizes) => {
      const chunks = [...chunksIn(bytes, sizes)];
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      expect(Math.max(0, ...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(sizes.max);
      const shortest = Math.min(Infinity, ...chunks.slice(0, -1).map((chunk) => chunk.length));
      expect(shortest).toBeGreaterThan(sizes.min);
    }),
    { numRuns: 10 },
  );
});

test("an insertion changes the chunks around it only", () => {
  const bytes = noise(4_000_000, "locality");
  const before = new Set([...chunksIn(bytes)].map((chunk) => digestOf(chunk)));
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.uint8Array({ minLength: 1, maxLength: 3_000 }), (at, inserted) => {
      const after = [...chunksIn(Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]))];
      const fresh = after.filter((chunk) => !before.has(digestOf(chunk)));
      expect(fresh.length).toBeLessThanOrEqual(6);
    }),
    { numRuns: 10 },
  );
});

test("chunks of random content are near the average", () => {
  const chunks = [...chunksIn(noise(16 << 20, "average"))];
  const average = (16 << 20) / chunks.length;
  expect(average).toBeGreaterThan(48 * 1024);
  expect(average).toBeLessThan(112 * 1024);
});

test("cuts are the same in every version and on every machine", () => {
  const chunks = [...chunksIn(noise(1_000_000, "golden"))];
  expect(chunks.map((chunk) => chunk.length)).toEqual([
    64183, 87441, 82003, 70156, 82527, 76493, 68650, 71149, 89964, 73394, 85021, 49180, 95898, 3941,
  ]);
});
