import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { localExecutor, runScript } from "@cofferdam/scripted-model";
import { type Encounter, jsonLines } from "./agent-run.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "odd-records-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function read(files: Readonly<Record<string, string>>): Promise<{ said: string; encounters: Encounter[] }> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, "inputs/records", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const run = await runScript(join(import.meta.dirname, "..", "model.mjs"), { execute: localExecutor({ directory }) });
  return { said: run.text, encounters: await jsonLines<Encounter>(join(directory, "out/encounters.jsonl")) };
}

const document = (section: string): string => `<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component>
${section}
</component></structuredBody></component></ClinicalDocument>
`;

const table =
  document(`<section><code code="46240-8" codeSystem="2.16.840.1.113883.6.1"/><title>Encounters</title><text><table>
<thead><tr><th>Encounter</th><th>Provider</th><th>Location</th><th>Date</th></tr></thead>
<tbody><tr><td>Chest pain, émergency room</td><td>Dr. Who</td><td>Rüti &amp; Co</td><td>Apr 7, 2000</td></tr>
<tr><td>Check-up</td><td>Dr. Who</td><td></td><td>2001-02-03</td></tr>
<tr><td></td><td></td><td></td><td></td></tr></tbody></table></text></section>`);

test("a section with a table only gives its rows, byte for byte", async () => {
  const { encounters, said } = await read({ "a.xml": table });
  expect(encounters).toMatchObject([
    { start: "2000-04-07", title: "Chest pain, émergency room", place: "Rüti & Co", clinicians: ["Dr. Who"] },
    { start: "2001-02-03", title: "Check-up", place: null },
  ]);
  const [first] = encounters;
  const bytes = Buffer.from(table).subarray(first?.bytes.start, first?.bytes.end).toString();
  expect(bytes).toMatch(/^<tr><td>Chest pain.*Apr 7, 2000<\/td><\/tr>$/);
  expect(said).toMatch(/^2 encounters in a\.xml/);
});

test("prefixed names, comments, CDATA and a > in an attribute do not lead the reading astray", async () => {
  const text = document(`<section><code code="46240-8"/><title>E</title><text/>
<!-- <entry><encounter moodCode="EVN"/></entry> -->
<entry><encounter classCode="ENC" moodCode="EVN"><id root="a>b"/><code code="99213" codeSystem="2.16.840.1.113883.6.12">
<originalText><![CDATA[Visit <here>]]></originalText></code><effectiveTime value="20200102"/></encounter></entry></section>`)
    .replaceAll(/<(\/?)(?=[a-zA-Z])/g, "<$1hl7:")
    .replaceAll("<hl7:here>", "<here>")
    .replace('xmlns="', 'xmlns:hl7="');
  const { encounters } = await read({ "b.xml": text });
  expect(encounters).toMatchObject([{ start: "2020-01-02", kind: "visit", title: "Visit <here>" }]);
});

test("a broken document is set aside with the reason", async () => {
  const { encounters, said } = await read({ "c.xml": document(`<section><code code="46240-8"/></entry></section>`) });
  expect(encounters).toEqual([]);
  expect(said).toMatch(/^0 encounters in c\.xml: Error: <\/entry> closes nothing at byte \d+\.$/);
});

test("a record of neither kind is set aside", async () => {
  expect((await read({ "note.txt": "Dear doctor" })).said).toBe(
    "0 encounters in note.txt: neither a VA Blue Button text nor an HL7 CDA document.",
  );
});

test("names with spaces, quotes and brackets are only names", async () => {
  const name = `it's a [strange] "name" $(touch pwned)/x;y.xml`;
  expect((await read({ [name]: table })).encounters.map((each) => each.source)).toEqual([name, name]);
});

test("without fan-out one task reads all records", async () => {
  const { said, encounters } = await read({ "a.xml": table, "b.xml": table, "note.txt": "Dear doctor" });
  expect(encounters.map((each) => each.source)).toEqual(["a.xml", "a.xml", "b.xml", "b.xml"]);
  expect(said.split("\n")).toHaveLength(3);
  expect(await jsonLines(join(directory, "out/records.jsonl"))).toHaveLength(3);
});

test("the instructions show lines with exactly the fields of the schemas", async () => {
  const text = (file: string): Promise<string> => readFile(join(import.meta.dirname, "..", file), "utf8");
  const shown = [...(await text("AGENTS.md")).matchAll(/^```jsonl\n(.*)\n```$/gm)].map(
    ([, line]) => JSON.parse(line ?? "") as object,
  );
  for (const [index, file] of ["encounter.schema.json", "record.schema.json"].entries()) {
    const schema = JSON.parse(await text(file)) as { readonly required: readonly string[] };
    expect(Object.keys(shown[index] ?? {})).toEqual(schema.required);
  }
});
