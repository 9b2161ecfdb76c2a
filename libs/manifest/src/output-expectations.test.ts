import { expect, test } from "@jest/globals";
import { checkOutputExpectations, type ContentFile, type Output, parseManifest } from "./index.ts";

function output(expectation: Record<string, unknown>): Output {
  const outputs = { out: { path: "out", to: "file:results", expect: expectation } };
  const spec = { agent: { model: "m", instructions: "A.md" }, outputs };
  const text = JSON.stringify({ apiVersion: "cofferdam.dev/v1", kind: "Manifest", metadata: { name: "x" }, spec });
  const result = parseManifest(text, { path: "m" });
  const found = result.ok ? result.manifest.spec.outputs["out"] : undefined;
  if (found === undefined) throw new Error(JSON.stringify(result));
  return found;
}

const file = (path: string, content: string): ContentFile => ({
  path,
  sizeBytes: Buffer.byteLength(content),
  async *read() {
    // In small pieces, so that lines and characters are cut.
    const bytes = Buffer.from(content);
    for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7);
  },
});
const check = async (expectation: Record<string, unknown>, ...files: ContentFile[]) =>
  (await checkOutputExpectations("out", output(expectation), files)).map((p) => `${p.reason} ${p.message}`);

const schema = {
  type: "object",
  required: ["date"],
  properties: { date: { type: "string", pattern: "^\\d{4}-" }, place: { type: "string" } },
  additionalProperties: false,
};

test("an output that fits has no problems", async () => {
  const lines = file("a.jsonl", '{"date":"2026-01-02"}\n\n{"date":"2026-01-03","place":"Zürich"}\n');
  expect(await check({ schema, minFiles: 2 }, lines, file("b.json", '{"date":"2026-01-02"}'))).toEqual([]);
});

test("each line of a .jsonl file is held against the schema, and named by its number", async () => {
  const lines = ['{"date":"2026-01-02"}', '{"dat":"x"}', "{broken", '{"date":"2026-1","x":1}', '{"date":"soon"}'];
  expect(await check({ schema }, file("a.jsonl", lines.join("\r\n")))).toEqual([
    "OUTPUT_INVALID a.jsonl:2: the document must have required property 'date'",
    expect.stringMatching(/^OUTPUT_INVALID a\.jsonl:3: not JSON/),
    "OUTPUT_INVALID a.jsonl:4: the document must NOT have additional properties: x",
    'OUTPUT_INVALID a.jsonl:5: /date must match pattern "^\\d{4}-"',
  ]);
});

test("what is missing or too large is said", async () => {
  expect(await check({})).toEqual([expect.stringMatching(/^OUTPUT_MISSING out holds 0 files/)]);
  expect(await check({ maxBytes: 3 }, file("a", "abcd"))).toEqual([expect.stringMatching(/^OUTPUT_TOO_LARGE/)]);
});

test("a file of another type is named", async () => {
  const files = [file("a.csv", "a,b\n1,2\n"), file("b.csv", "%PDF-1")];
  expect(await check({ mediaType: "text/csv" }, ...files)).toEqual([
    "OUTPUT_MEDIA_TYPE b.csv is application/pdf by its content, not text/csv",
  ]);
});

test("a hundred faults are twenty problems", async () => {
  expect(await check({ schema }, file("a.jsonl", "{}\n".repeat(100)))).toHaveLength(20);
});
