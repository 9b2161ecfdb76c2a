import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { canonicalJson } from "@cofferdam/run-log";
import {
  archivePath,
  encodeArchiveLine,
  joinArchiveLines,
  parseArchiveLine,
  splitArchiveLines,
} from "./archive-line.ts";

const envelopes = fc
  .dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }))
  .map((value) => Buffer.from(canonicalJson(value)));

test("any events come back from their lines, whatever text they carry, and a torn end is told apart", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), envelopes)), fc.string(), (events, tail) => {
      const torn = Buffer.from(tail.replaceAll("\n", ""));
      const lines = events.map(([index, sequence, envelope]) =>
        encodeArchiveLine({ index, sequence: sequence + 1, envelope }),
      );
      const read = splitArchiveLines(Buffer.concat([joinArchiveLines(lines), torn]));
      expect(read.lines.map((line) => Buffer.from(line).toString())).toEqual(
        lines.map((line) => Buffer.from(line).toString()),
      );
      expect(Buffer.from(read.torn)).toEqual(torn);
      read.lines.forEach((line, i) => {
        const { index, sequence, envelope } = parseArchiveLine(line);
        expect([index, sequence - 1, Buffer.from(envelope)]).toEqual(events[i]);
      });
    }),
  );
});

test("what is no archive line is refused with a typed error", () => {
  for (const text of [
    "",
    "1 2",
    "1 2 x",
    "01 2 {}",
    "1 02 {}",
    "-1 2 {}",
    "1  2 {}",
    "1 0 {}",
    `${"9".repeat(17)} 1 {}`,
  ]) {
    expect(() => parseArchiveLine(Buffer.from(text))).toThrow(
      expect.objectContaining({ name: "EvidenceError", code: "MALFORMED" }),
    );
  }
});

test("archive files are grouped like tiles", () => {
  expect([archivePath(0), archivePath(1_234)]).toEqual(["events/000", "events/x001/234"]);
});
