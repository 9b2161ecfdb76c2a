import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { checkOutputExpectations, type ContentFile, inlineFiles, parseManifest } from "@cofferdam/manifest";
import { type Encounter, joinRecords, jsonLines, readFolder, type ReadFolder, type ReadRecord } from "./agent-run.ts";
import { readCda } from "./cda-reading.ts";
import { FACTS } from "./va-text-facts.ts";

const EXAMPLE = join(import.meta.dirname, "..");
const RECORDS = join(EXAMPLE, "data", "records");
/** 60 documents of eight vendors: where the set-up puts them, or where they lie beside the checkout. */
const CCDA = [join(EXAMPLE, "data", "ccda"), join(EXAMPLE, "../../../shared/data/ccda")].find((folder) =>
  existsSync(folder),
);

/** Half a minute on an idle machine, several under load: each record is some ten real processes. */
const PATIENCE_MS = 600_000;

const lineAt = (bytes: Buffer, offset: number): number =>
  bytes.subarray(0, offset).toString("latin1").split("\n").length;
const dated = (each: Encounter): string | null => each.start?.slice(0, 16) ?? null;

/** What the extractor says of a document, as the independent reading says it. */
const asFound = (each: Encounter): object => ({
  section: each.section,
  start: each.bytes.start,
  end: each.bytes.end,
  date: dated(each),
});

function expectSoundRanges(record: ReadRecord): void {
  for (const each of record.encounters) {
    expect(each.lines).toEqual({
      first: lineAt(record.bytes, each.bytes.start),
      last: lineAt(record.bytes, each.bytes.end - 1),
    });
  }
}

function expectSameAsIndependentReading(record: ReadRecord): void {
  expect({ [record.name]: record.encounters.map(asFound) }).toEqual({ [record.name]: readCda(record.bytes) });
  expectSoundRanges(record);
  for (const { bytes, section } of record.encounters) {
    const slice = record.bytes.subarray(bytes.start, bytes.end).toString("utf8");
    expect(slice).toMatch(
      section === "Procedures" ? /^<(procedure|observation|act)\b/ : /^<(encounter|encompassingEncounter)\b/,
    );
    expect(slice).toMatch(/<\/(procedure|observation|act|encounter|encompassingEncounter)>$/);
  }
  expect(record.said).toContain(`${record.encounters.length} encounter`);
}

async function expectToFitTheManifest(out: string): Promise<void> {
  const parsed = parseManifest(await readFile(join(EXAMPLE, "manifest.yaml"), "utf8"), { path: "manifest.yaml" });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const inlined = await inlineFiles(parsed.manifest, EXAMPLE);
  if (!inlined.ok) throw new Error(JSON.stringify(inlined.problems));
  for (const [name, output] of Object.entries(inlined.manifest.spec.outputs)) {
    const bytes = await readFile(join(out, "..", output.path));
    const file: ContentFile = {
      path: output.path.slice("out/".length),
      sizeBytes: bytes.length,
      async *read() {
        yield bytes;
      },
    };
    expect(await checkOutputExpectations(name, output, [file])).toEqual([]);
  }
}

const describeWhere = (present: boolean) => (present ? describe : describe.skip);

describeWhere(existsSync(RECORDS))("the records of the example", () => {
  let read: ReadFolder;
  let joined: { said: string; out: string };
  let joinFolder: string;
  const record = (name: string): ReadRecord => {
    const found = read.records.find((each) => each.name === name);
    if (found === undefined) throw new Error(`${name} was not read`);
    return found;
  };

  beforeAll(async () => {
    read = await readFolder(RECORDS);
    joinFolder = await mkdtemp(join(tmpdir(), "clinical-join-"));
    joined = await joinRecords(read.records, joinFolder);
  }, PATIENCE_MS);
  afterAll(async () => {
    await read.dispose();
    await rm(joinFolder, { recursive: true, force: true });
  });

  test("there are eight texts and nine documents", async () => {
    expect(await readdir(RECORDS)).toHaveLength(17);
    expect(Object.keys(FACTS)).toHaveLength(8);
  });

  test.each(Object.entries(FACTS))("%s: what the agent finds is what a person finds", (name, facts) => {
    const found = record(name).encounters.map((each) => [
      each.start,
      each.kind,
      each.status,
      each.lines.first,
      each.lines.last,
    ]);
    expect(found).toEqual(facts);
  });

  test.each(Object.keys(FACTS))(
    "%s: between the entries of a section stands nothing but rules and headings",
    (name) => {
      const { bytes, encounters } = record(name);
      expectSoundRanges(record(name));
      for (const [index, each] of encounters.entries()) {
        const slice = bytes.subarray(each.bytes.start, each.bytes.end).toString("latin1");
        expect(slice).toMatch(/^(Date\/Time|Admission Date(\/Time)?|Procedure\/Test Name):/);
        expect(slice).toBe(slice.trim());
        const next = encounters[index + 1];
        const end = next?.section === each.section ? next.bytes.start : bytes.indexOf("\n----------", each.bytes.end);
        const between = bytes
          .subarray(each.bytes.end, end)
          .toString("latin1")
          .split(/\s*\n\s*/);
        expect(between.filter((line) => !/^(\s*|=+|-+|(FUTURE|PAST) APPOINTMENTS:)$/.test(line))).toEqual([]);
      }
    },
  );

  test("the documents hold what an independent reading finds in them, at the same bytes", () => {
    const documents = read.records.filter((each) => each.name.endsWith(".xml"));
    expect(documents).toHaveLength(9);
    for (const each of documents) expectSameAsIndependentReading(each);
  });

  test("an admission has its place, its people, its reasons and its diagnoses", () => {
    const stays = record("VA_My_HealtheVet_Blue_Button_Sample_Version_12_3.txt").encounters.filter(
      (each) => each.kind === "admission",
    );
    expect(stays[2]).toMatchObject({
      start: "2012-01-01T12:00",
      end: "2012-01-05T07:30",
      title: "Cardiology",
      place: "PORTLAND, OREGON VA MEDICAL CENTER",
      clinicians: ["Provider, Two B", "Provider, Six F"],
      reasons: ["Chest pain", "Shortness of breath"],
      diagnoses: [
        "Acute coronary syndromes",
        "CHF exacerbation",
        "Hyperlipidemia",
        "Hypertension",
        "Controlled Diabetes Mellitus II",
      ],
    });
    expect(stays[0]).toMatchObject({ end: null, status: "unknown", clinicians: ["Provider, Three C"] });
  });

  test("a note, a study and an appointment carry what stands in them", () => {
    const { encounters } = record("VA_My_HealtheVet_Blue_Button_Sample_Version_12_4.txt");
    expect(encounters.find((each) => each.start === "2013-01-25T06:55")).toMatchObject({
      title: "INPAT - MED - MS - PROGRESS",
      clinicians: ["PROVIDER, TWO", "PROVIDER, THREE"],
    });
    expect(encounters.find((each) => each.start === "2012-12-10T10:14")).toMatchObject({
      title: "CHEST 2 VIEWS PA&LAT",
      place: "PORTLAND, OREGON VA MEDICAL CENTER",
      clinicians: ["PROVIDER, ONE"],
      reasons: ["THIS IS ONLY A TEST", "r/o pneumonia"],
    });
    const [compensation] = record("VA_My_HealtheVet_Blue_Button_Sample_Version_12.txt").encounters;
    expect(compensation).toMatchObject({
      title: "C&P CHRISTIE",
      place: "DAYT29 TEST LAB",
      reasons: ["Compensation and Pension Appointment"],
    });
  });

  test("words that an entry refers to are found in the narrative", () => {
    const [first] = record("VA_CCD_Sample_File_Version_12_5_1.xml").encounters;
    expect(first).toMatchObject({
      start: "2012-12-10T17:16:12",
      title: "OFFICE/OUTPATIENT VISIT EST",
      place: "MARTINSBURG VAMC",
      clinicians: ["Provider, One"],
      reasons: ["COUGH ICD9 786.2 with Provider Comments Cough (ICD-9-CM 786.2)"],
    });
  });

  test("the agent mends only what its check objects to", () => {
    const mended = (version: string): string[] =>
      record(`VA_My_HealtheVet_Blue_Button_Sample_Version_${version}.txt`).turns.filter((text) =>
        /one digit|both spellings|A note may have a rule/.test(text),
      );
    expect(mended("12_2")).toEqual([]);
    expect(mended("12_3")).toEqual([expect.stringMatching(/both spellings.* one digit/)]);
    expect(mended("12_6")).toEqual([expect.stringMatching(/^A note may have a rule/)]);
  });

  test("a record without encounters says why", () => {
    expect(record("CCDA_Functional_Status_v1.xml")).toMatchObject({
      encounters: [],
      record: { encounters: 0, reason: "it has no section that lists encounters" },
    });
  });

  test("the join loses nothing, sorts by record and place, and fits the manifest's schemas", async () => {
    const encounters = await jsonLines<Encounter>(join(joined.out, "encounters.jsonl"));
    const expected = read.records.toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((each) => each.encounters);
    expect(encounters).toEqual(expected);
    expect(joined.said).toMatch(new RegExp(`^${expected.length} encounters in 17 records`));
    await expectToFitTheManifest(joined.out);
  });

  test("the page stands alone and escapes what comes from records", async () => {
    const page = await readFile(join(joined.out, "summary.html"), "utf8");
    expect(page).toContain("C&amp;P CHRISTIE");
    expect(page).not.toMatch(/<script|src=|href="(?!#)|url\(/);
    expect(page.match(/<section /g)).toHaveLength(17);
  });
});

describeWhere(CCDA !== undefined)("the documents of eight vendors", () => {
  let read: ReadFolder;
  beforeAll(async () => {
    read = await readFolder(CCDA ?? "");
  }, PATIENCE_MS);
  afterAll(() => read.dispose());

  test("all are read, and hold what an independent reading finds in them, at the same bytes", () => {
    expect(read.records).toHaveLength(60);
    for (const each of read.records) expectSameAsIndependentReading(each);
  });

  test("an end before the start is no end", () => {
    const all = read.records.flatMap((record) => record.encounters);
    expect(all.filter((each) => each.end !== null).length).toBeGreaterThan(0);
    expect(all.filter(({ start, end }) => start !== null && end !== null && end < start)).toEqual([]);
  });

  test("a document that lists 'no encounters' has none, and says so", () => {
    const kareo = read.records.find((each) => each.name.includes("Kareo"));
    expect(kareo?.record).toMatchObject({
      encounters: 0,
      skipped: 2,
      reason: "the sections that list encounters hold none",
    });
  });

  test("an encounter carries people, place and diagnosis", () => {
    const cerner = read.records.find((each) => each.name.includes("Transition_of_Care"));
    expect(cerner?.encounters[0]).toMatchObject({
      kind: "admission",
      start: "2013-07-10T21:44:00-05:00",
      place: "Local Community Hospital Organization",
      clinicians: ["Dale Owens", "Nancy Nightengale RN", "Aaron Admit MD"],
    });
  });
});
