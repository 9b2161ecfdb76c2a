import { expect, test } from "@jest/globals";
import { assert, property, string, uint8Array } from "fast-check";
import { detectMediaType, SAMPLE_BYTES, satisfiesMediaType } from "./media-type.ts";

const detect = (path: string, content: string | Uint8Array, complete = true) =>
  detectMediaType({ path, head: Buffer.from(content), complete });

test.each([
  ["a.bin", "%PDF-1.4\n%\xff", "application/pdf"],
  ["a.txt", "plain words\n", "text/plain"],
  ["a.txt", "", "text/plain"],
  ["a.md", "# Title\n", "text/markdown"],
  ["a.csv", "a,b\n1,2\n", "text/csv"],
  ["noext", "a,b\n1,2\n", "text/csv"],
  ["a.csv", 'a,b\n"x, y",2\n', "text/csv"],
  ["a.csv", "one\n1\n", "text/csv"],
  ["a.tsv", "a\tb\n1\t2\n", "text/tab-separated-values"],
  ["a.json", '{"a": [1]}', "application/json"],
  ["a.txt", "[1, 2]", "application/json"],
  ["a.jsonl", '{"a": 1}\n{"a": 2}\n', "application/x-ndjson"],
  ["a.json", "{broken", "text/plain"],
  ["a.xml", '<?xml version="1.0"?>\n<a/>', "application/xml"],
  ["a.xml", "\ufeff<ClinicalDocument xmlns='x'>", "application/xml"],
  ["a.xml", "<!-- c --><a/>", "application/xml"],
  ["a.svg", '<?xml version="1.0"?><svg xmlns="x"/>', "image/svg+xml"],
  ["a.svg", "<svg/>", "image/svg+xml"],
  ["a.html", "<!doctype html><p>", "text/html"],
  ["a.txt", "a < b, <not markup\n", "text/plain"],
  ["a.txt", Buffer.from([0x61, 0, 0x62]), "application/octet-stream"],
  ["a.txt", Buffer.from([0xff, 0xfe, 0x61]), "application/octet-stream"],
  ["a.png", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), "image/png"],
  ["a.gz", Buffer.from([0x1f, 0x8b, 8]), "application/gzip"],
  ["a.dcm", Buffer.concat([Buffer.alloc(128), Buffer.from("DICM")]), "application/dicom"],
])("%s with %j is %s", (path, content, type) => {
  expect(detect(path, content)).toBe(type);
});

test("a sample that ends within a character or a record is judged by what is whole", () => {
  const euro = Buffer.concat([Buffer.alloc(SAMPLE_BYTES - 1, "a"), Buffer.from("€").subarray(0, 1)]);
  expect(detect("a.txt", euro, false)).toBe("text/plain");
  expect(detect("a.csv", "a,b\n1,2\n3", false)).toBe("text/csv");
  expect(detect("a.jsonl", '{"a":1}\n{"a":2}\n{"a', false)).toBe("application/x-ndjson");
  expect(detect("a.json", '{"a": [1, 2, ', false)).toBe("application/json");
});

test("expectations know other names and wider types", () => {
  expect(satisfiesMediaType("application/xml", "text/xml")).toBe(true);
  expect(satisfiesMediaType("image/svg+xml", "application/xml")).toBe(true);
  expect(satisfiesMediaType("text/csv", "text/plain")).toBe(true);
  expect(satisfiesMediaType("text/plain", "text/csv")).toBe(false);
  expect(satisfiesMediaType("image/png", "text/plain")).toBe(false);
});

test("any bytes have a type", () => {
  const bytes = property(
    uint8Array({ maxLength: 200 }),
    (head) => detectMediaType({ path: "x", head, complete: true }) !== "",
  );
  const text = property(string({ unit: "binary", maxLength: 100 }), (content) => detect("x.json", content) !== "");
  expect(() => assert(bytes)).not.toThrow();
  expect(() => assert(text)).not.toThrow();
});
