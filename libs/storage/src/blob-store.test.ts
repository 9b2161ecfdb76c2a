import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createBlobStore, digestOf, fileStore } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "cofferdam-blobs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const blobs = createBlobStore(fileStore(root), "blobs/");

test("any bytes come back as they were put, once stored", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
      const ref = await blobs.put(bytes, "application/octet-stream");
      expect(ref).toEqual({ digest: digestOf(bytes), sizeBytes: bytes.length, mediaType: "application/octet-stream" });
      expect(await blobs.put(bytes, "application/octet-stream")).toEqual(ref);
      expect(Buffer.from(await blobs.get(ref)).equals(bytes)).toBe(true);
      expect(await blobs.has(ref)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test("damage is CORRUPT and names the digest", async () => {
  const ref = await blobs.put(Buffer.from("what was said"), "text/plain");
  const hex = ref.digest.slice(7);
  const file = join(root, "blobs/sha256", hex.slice(0, 2), hex.slice(2));
  expect(readdirSync(join(root, "blobs/sha256", hex.slice(0, 2)))).toContain(hex.slice(2));
  writeFileSync(file, "what was sait");
  await expect(blobs.get(ref)).rejects.toMatchObject({ code: "CORRUPT", message: expect.stringContaining(ref.digest) });
});

test("an unknown or malformed digest is refused", async () => {
  const absent = { digest: digestOf(Buffer.from("absent")) };
  expect(await blobs.has(absent)).toBe(false);
  await expect(blobs.get(absent)).rejects.toMatchObject({ code: "NOT_FOUND" });
  for (const digest of ["", "sha256:..", `sha256:${"A".repeat(64)}`, "sha256:../../../../etc/passwd"]) {
    await expect(blobs.get({ digest })).rejects.toMatchObject({ code: "INVALID_KEY" });
  }
});
