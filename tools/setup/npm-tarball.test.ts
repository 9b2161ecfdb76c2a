import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { checkIntegrity, readTarball } from "./npm-tarball.mjs";

/** Packs files with the system's tar. */
function pack(files: Readonly<Record<string, Uint8Array>>, format: string, link?: string): Buffer {
  const dir = mkdtempSync(join(tmpdir(), "cofferdam-tar-"));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, "package", path)), { recursive: true });
    writeFileSync(join(dir, "package", path), bytes);
  }
  if (link !== undefined) symlinkSync("/etc/passwd", join(dir, "package", link));
  const archive = join(dir, "out.tgz");
  execFileSync("tar", [`--format=${format}`, "-czf", archive, "package"], { cwd: dir });
  return readFileSync(archive);
}

const name = fc.stringMatching(/^[a-zé0-9_-]{1,60}$/);
const files = fc.dictionary(name, fc.uint8Array({ maxLength: 2_000 }), {
  minKeys: 1,
  maxKeys: 5,
  noNullPrototype: true,
});

test("what tar packs is read back byte for byte", () => {
  fc.assert(
    fc.property(files, fc.constantFrom("pax", "ustar"), (wanted, format) => {
      const read = new Map(readTarball(pack(wanted, format)));
      expect(read.size).toBe(Object.keys(wanted).length);
      for (const [path, bytes] of Object.entries(wanted)) {
        expect(Buffer.compare(read.get(`package/${path}`) ?? Buffer.alloc(0), bytes)).toBe(0);
      }
    }),
    { numRuns: 25 },
  );
});

test.each([
  ["ustar", `${"d".repeat(80)}/${"f".repeat(80)}`],
  ["pax", `${"d".repeat(200)}/${"f".repeat(200)}`],
])("a long path survives in %s", (format, path) => {
  expect([...readTarball(pack({ [path]: Buffer.from("x") }, format))].map(([member]) => member)).toEqual([
    `package/${path}`,
  ]);
});

test("links are not followed and not yielded", () => {
  const members = [...readTarball(pack({ a: Buffer.from("x") }, "pax", "passwd"))].map(([member]) => member);
  expect(members).toEqual(["package/a"]);
});

test("a GNU long name is refused, not cut", () => {
  const archive = pack({ ["f".repeat(150)]: Buffer.from("x") }, "gnu");
  expect(() => [...readTarball(archive)]).toThrow("GNU long names");
});

test("any flipped bit of a header is noticed", () => {
  const tar = gunzipSync(pack({ a: Buffer.from("hello") }, "ustar"));
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 147 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const broken = Buffer.from(tar);
      broken[at] = (broken[at] ?? 0) ^ (1 << bit);
      // A first byte of zero ends an archive; everything else must not pass.
      fc.pre(broken[0] !== 0);
      expect(() => [...readTarball(gzipSync(broken))]).toThrow("is broken");
    }),
  );
});

test("bytes other than the pinned ones are refused, with the digests and a mend", () => {
  const bytes = Buffer.from("tarball");
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  expect(() => checkIntegrity(bytes, integrity, "p@1.0.0")).not.toThrow();
  bytes[0] = 0;
  expect(() => checkIntegrity(bytes, integrity, "p@1.0.0")).toThrow(
    expect.objectContaining({ code: "INTEGRITY_MISMATCH", message: expect.stringContaining(`pinned is ${integrity}`) }),
  );
});
