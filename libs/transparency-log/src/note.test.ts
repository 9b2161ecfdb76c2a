import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { openNote, parseNote, signNote } from "./note.ts";
import { generateSigner, parseSignerKey, parseVerifierKey } from "./note-key.ts";

// The example of Go's golang.org/x/mod/sumdb/note.
const VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

test("keys, key ids and signatures equal those of the Go reference byte for byte", () => {
  const signer = parseSignerKey(SIGNER);
  expect(signer.verifierKey).toBe(VERIFIER);
  expect(signer.signerKey).toBe(SIGNER);
  expect(signNote(TEXT, signer)).toBe(NOTE);
  expect(openNote(NOTE, parseVerifierKey(VERIFIER))).toBe(TEXT);
});

test("a note with several signatures opens for each of their keys, and for no other", () => {
  const [a, b, c] = [
    generateSigner("log.example/a"),
    generateSigner("witness.example/b"),
    generateSigner("log.example/a"),
  ];
  const note = signNote("text\n\nwith an empty line\n", a, b);
  expect(openNote(note, a)).toBe("text\n\nwith an empty line\n");
  expect(openNote(note, b)).toBe(openNote(note, a, b));
  expect(parseNote(note).signatures.map((s) => s.name)).toEqual(["log.example/a", "witness.example/b"]);
  expect(() => openNote(note, c)).toThrow("not by");
});

test("one wrong signature of a known key rejects the note even beside a right one", () => {
  const [a, b] = [generateSigner("a.example"), generateSigner("b.example")];
  const [head = "", first = "", second = ""] = signNote("text\n", a, b).split("— ");
  const wrong = Buffer.from(second.split(" ")[1] ?? "", "base64");
  wrong[10] = (wrong[10] ?? 0) ^ 1;
  const note = `${head}— ${first}— b.example ${wrong.toString("base64")}\n`;
  expect(() => openNote(note, a, b)).toThrow("signature of b.example");
  expect(openNote(note, a)).toBe("text\n");
});

test("no flipped bit in a checkpoint goes unseen", () => {
  const signer = generateSigner("ledger.example/team");
  const note = Buffer.from(signCheckpoint({ origin: signer.name, size: 7, root: Buffer.alloc(32, 5) }, signer));
  expect(openCheckpoint(note.toString(), signer).size).toBe(7);
  for (let at = 0; at < note.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Buffer.from(note);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      expect(() => openCheckpoint(flipped.toString(), signer)).toThrow("");
    }
  }
});

test("any origin, size and root come back from a signed checkpoint", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9./-]{1,30}$/),
      fc.maxSafeNat(),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (origin, size, root) => {
        const signer = generateSigner(origin);
        const read = openCheckpoint(signCheckpoint({ origin, size, root }, signer), signer);
        expect({ ...read, root: [...read.root] }).toEqual({ origin, size, root: [...root] });
      },
    ),
    { numRuns: 50 },
  );
});

test("a checkpoint of another origin, or with odd numbers, is refused", () => {
  const signer = generateSigner("a.example");
  expect(() =>
    openCheckpoint(signCheckpoint({ origin: "b.example", size: 1, root: Buffer.alloc(32) }, signer), signer),
  ).toThrow("b.example");
  for (const size of ["01", "-1", "1e3", "", " 1", "9007199254740993"]) {
    const note = signNote(`a.example\n${size}\n${Buffer.alloc(32).toString("base64")}\n`, signer);
    expect(() => openCheckpoint(note, signer)).toThrow("");
  }
});

test("arbitrary text never opens and never crashes otherwise", () => {
  const verifier = parseVerifierKey(VERIFIER);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(() => openNote(text, verifier)).toThrow(expect.objectContaining({ name: "TransparencyLogError" }));
      expect(() => openNote(`${text}\n\n— PeterNeumann AAAA\n`, verifier)).toThrow(
        expect.objectContaining({ name: "TransparencyLogError" }),
      );
    }),
  );
});

test("a mangled verifier key is refused", () => {
  for (let at = 0; at < VERIFIER.length; at++) {
    const mangled = VERIFIER.slice(0, at) + String.fromCharCode(VERIFIER.charCodeAt(at) + 1) + VERIFIER.slice(at + 1);
    expect(() => parseVerifierKey(mangled)).toThrow(expect.objectContaining({ name: "TransparencyLogError" }));
  }
});
