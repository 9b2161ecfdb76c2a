// Lists the encounters of an HL7 CDA document (C-CDA, CCD, C32): node extract.mjs <record> <name>
// Every character is one byte here (latin1), so positions in the text are positions in the file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [file, name] = process.argv.slice(2);
const source = readFileSync(file, "latin1");

// --- XML, as far as it is needed: elements with their place, text decoded from UTF-8.
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const decode = (raw) =>
  Buffer.from(raw, "latin1")
    .toString("utf8")
    .replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
      name === undefined
        ? String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16))
        : (ENTITIES[name] ?? all),
    );

function parse() {
  const root = { name: "", attributes: {}, children: [], parent: undefined, start: 0, end: source.length };
  const open = [root];
  const token =
    /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<![^>]*>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/g;
  for (const match of source.matchAll(token)) {
    const [all, cdata, closing, opening, attributes, empty, content] = match;
    const parent = open.at(-1);
    if (closing !== undefined) {
      const element = open.pop();
      if (element.name !== local(closing) || open.length === 0)
        throw new Error(`</${closing}> closes nothing at byte ${match.index}`);
      element.end = match.index + all.length;
    } else if (opening !== undefined) {
      const element = {
        name: local(opening),
        attributes: attributesOf(attributes),
        children: [],
        parent,
        start: match.index,
        end: match.index + all.length,
      };
      parent.children.push(element);
      if (empty === "") open.push(element);
    } else if (cdata !== undefined) parent.children.push(Buffer.from(cdata, "latin1").toString("utf8"));
    else if (content !== undefined) parent.children.push(decode(content));
  }
  if (open.length > 1) throw new Error(`<${open.at(-1).name}> is not closed`);
  return root;
}

const local = (name) => name.slice(name.indexOf(":") + 1);
const attributesOf = (text) =>
  Object.fromEntries(
    [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, a, b]) => [name, decode(a ?? b)]),
  );

const elements = (node) => node.children.filter((child) => typeof child !== "string");
const all = (node, name) => elements(node).filter((child) => child.name === name);
const one = (node, ...path) => path.reduce((at, name) => (at === undefined ? undefined : all(at, name)[0]), node);
const attribute = (node, name) => node?.attributes[name];
function* within(node) {
  for (const child of elements(node)) {
    yield child;
    yield* within(child);
  }
}
const textOf = (node) => (typeof node === "string" ? node : node.children.map(textOf).join(" "));
const tidy = (text) => {
  const plain = text.replace(/\s+/g, " ").trim();
  return plain === "" ? null : plain;
};

// --- CDA
const document = parse();
const root = elements(document)[0];
const notes = [];

const meaningful = (text) => (text === null || /^(UNK|NI|NA|OTH|unknown)$/i.test(text) ? null : text);
const own = (node) => (node === undefined ? null : meaningful(tidy(textOf(node))));
const said = (node) => own(node);

// What a coded value says: its original text, else its display name.
function wording(coded) {
  if (coded === undefined) return null;
  const original = one(coded, "originalText");
  return own(original) ?? meaningful(tidy(attribute(coded, "displayName") ?? "")) ?? said(original);
}

// 20130710214400.000-0500 is 2013-07-10T21:44:00-05:00; what is not given is left out.
function moment(value) {
  const match = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d+)?([+-]\d{4})?$/.exec(value ?? "");
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, zone] = match;
  if (hour === undefined) return [year, month, day].filter((part) => part !== undefined).join("-");
  const clock = [hour, minute ?? "00", second].filter((part) => part !== undefined).join(":");
  return `${year}-${month}-${day}T${clock}${zone === undefined ? "" : `${zone.slice(0, 3)}:${zone.slice(3)}`}`;
}

function period(node) {
  const time = one(node, "effectiveTime");
  const part = (name) => attribute(time && one(time, name), "value");
  const start = moment(attribute(time, "value") ?? part("low"));
  const end = moment(part("high"));
  return { start, end: end === start ? null : end };
}

function personName(node) {
  const name = node && (one(node, "assignedEntity", "assignedPerson", "name") ?? one(node, "assignedPerson", "name"));
  if (name === undefined) return null;
  const parts = ["prefix", "given", "family", "suffix"].flatMap((part) => all(name, part).map(textOf));
  return meaningful(tidy(parts.join(" ")) ?? tidy(textOf(name)));
}

const unique = (values) => [...new Set(values.filter((value) => value !== null))];
const clinicians = (node, ...roles) => unique(roles.flatMap((role) => all(node, role)).map(personName));

function place(node) {
  const role = all(node, "participant")
    .filter((each) => attribute(each, "typeCode") === "LOC")
    .map((each) => one(each, "participantRole"))[0];
  const facility = one(node, "location", "healthCareFacility");
  const names = [
    role && one(role, "playingEntity", "name"),
    facility && one(facility, "location", "name"),
    facility && one(facility, "serviceProviderOrganization", "name"),
    one(node, "author", "assignedAuthor", "representedOrganization", "name"),
  ];
  return names.map(own).find((name) => name !== null) ?? null;
}

// What an observation found: its value, else its text.
const finding = (observation) => wording(one(observation, "value")) ?? said(one(observation, "text"));
const related = (node, type) =>
  all(node, "entryRelationship").filter((each) => type === undefined || attribute(each, "typeCode") === type);
const ENCOUNTER_DIAGNOSIS = "2.16.840.1.113883.10.20.22.4.80";
const isDiagnosis = (act) => all(act, "templateId").some((each) => attribute(each, "root") === ENCOUNTER_DIAGNOSIS);
const reasons = (node) =>
  unique(
    related(node, "RSON")
      .flatMap((each) => all(each, "observation"))
      .map(finding),
  );
const diagnoses = (node) =>
  unique(
    related(node)
      .flatMap((each) => [...all(each, "act"), ...all(each, "observation")])
      .filter(isDiagnosis)
      .flatMap((act) => related(act))
      .flatMap((each) => all(each, "observation"))
      .map(finding),
  );

const ACT_KINDS = {
  AMB: "visit",
  HH: "visit",
  FLD: "visit",
  EMER: "emergency",
  IMP: "admission",
  ACUTE: "admission",
  NONAC: "admission",
  PRENC: "admission",
  SS: "visit",
  VR: "virtual",
};

// From the HL7 encounter class if there is one, then from CPT, then from the words.
function kindOf(node, title) {
  const code = one(node, "code");
  const codes = code === undefined ? [] : [code, ...all(code, "translation")];
  for (const each of codes) {
    const known =
      attribute(each, "codeSystem") === "2.16.840.1.113883.5.4" ? ACT_KINDS[attribute(each, "code")] : undefined;
    if (known !== undefined) return known;
  }
  for (const each of codes) {
    const number = attribute(each, "codeSystem") === "2.16.840.1.113883.6.12" ? Number(attribute(each, "code")) : NaN;
    if (number >= 99281 && number <= 99288) return "emergency";
    if ((number >= 99217 && number <= 99239) || (number >= 99251 && number <= 99255)) return "admission";
    if (number >= 99441 && number <= 99444) return "virtual";
    if (number >= 99201 && number <= 99499) return "visit";
  }
  const words = [title ?? "", ...codes.map((each) => wording(each) ?? "")].join(" ");
  if (/emergency|\bED\b|\bER\b/i.test(words)) return "emergency";
  if (/inpatient|\binpt\b|admission|hospitalization/i.test(words)) return "admission";
  if (/telephone|phone|telehealth|messag|e-?mail/i.test(words)) return "virtual";
  if (/appointment/i.test(words)) return "appointment";
  return "visit";
}

const encounters = [];
let skipped = 0;

function add(section, node, kind, status) {
  const details = node;
  const title = titleOf(details);
  const { start, end } = period(details);
  encounters.push({
    source: name,
    section,
    kind: kind ?? kindOf(details, title),
    status,
    start,
    end,
    title,
    place: place(details),
    clinicians: clinicians(details, "performer", "responsibleParty", "encounterParticipant"),
    reasons: reasons(details),
    diagnoses: diagnoses(details),
    bytes: { start: node.start, end: node.end },
    lines: { first: lineAt(node.start), last: lineAt(node.end - 1) },
  });
}

const newlines = [...source.matchAll(/\n/g)].map((match) => match.index);
function lineAt(offset) {
  let [low, high] = [0, newlines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (newlines[middle] < offset) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

const titleOf = (node) => wording(one(node, "code")) ?? said(one(node, "text"));
const sections = [...within(root)].filter((each) => each.name === "section");
const coded = (code) => sections.filter((section) => attribute(one(section, "code"), "code") === code);
const entries = (section, ...names) =>
  all(section, "entry")
    .flatMap(elements)
    .filter((each) => names.includes(each.name));

// A section may have nothing but a table for people: then each row with a date is an encounter.
const rows = (section) => [...within(section)].filter((each) => each.name === "tr" && all(each, "td").length > 0);

function addRow(row) {
  const cells = all(row, "td").map((cell) => tidy(textOf(cell)));
  const dates = cells.map(written);
  const at = dates.findIndex((date) => date !== null);
  if (at < 0) return;
  const headings = [...within(row.parent.parent)]
    .filter((each) => each.name === "th")
    .map((each) => tidy(textOf(each)) ?? "");
  const below = (pattern) => cells[headings.findIndex((heading) => pattern.test(heading))] ?? null;
  const title =
    below(/encounter|type|description|visit/i) ?? cells.find((cell, index) => cell !== null && index !== at) ?? null;
  const provider = below(/provider|performer|clinician|physician/i);
  const reason = below(/reason/i);
  const diagnosis = below(/diagnos/i);
  encounters.push({
    source: name,
    section: "Encounters",
    kind: kindOf(row, title),
    status: "done",
    start: dates[at],
    end: null,
    title,
    place: below(/location|place|facility|source/i),
    clinicians: provider === null ? [] : [provider],
    reasons: reason === null ? [] : [reason],
    diagnoses: diagnosis === null ? [] : [diagnosis],
    bytes: { start: row.start, end: row.end },
    lines: { first: lineAt(row.start), last: lineAt(row.end - 1) },
  });
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

// A date as people write it: 2013-01-25, 01/25/2013, Jan 25, 2013, 25 Jan 2013.
function written(cell) {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})\b/.exec(cell ?? "");
  if (iso !== null) return iso[0];
  const american = /\b(\d{2})[/-](\d{2})[/-](\d{4})\b/.exec(cell ?? "");
  if (american !== null) return `${american[3]}-${american[1]}-${american[2]}`;
  const named =
    /\b([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4})\b/.exec(cell ?? "") ??
    /\b(\d{1,2})[ -]([A-Z][a-z]{2})[a-z]*[ -](\d{4})\b/.exec(cell ?? "");
  if (named === null) return null;
  const [day, name] = /^\d/.test(named[1]) ? [named[1], named[2]] : [named[2], named[1]];
  const month = MONTHS.indexOf(name.toLowerCase()) + 1;
  return month === 0 ? null : `${named[3]}-${String(month).padStart(2, "0")}-${day.padStart(2, "0")}`;
}

const PLANNED = ["INT", "RQO", "ARQ", "APT", "PRMS", "PRP"];
const found = [];

for (const section of coded("46240-8")) {
  found.push("Encounters");
  const listed = entries(section, "encounter");
  for (const node of listed) add("Encounters", node, undefined, "done");
  if (listed.length === 0) for (const row of rows(section)) addRow(row);
}
for (const section of coded("18776-5")) {
  found.push("Plan of Care");
  for (const node of entries(section, "encounter")) {
    if (PLANNED.includes(attribute(node, "moodCode"))) add("Plan of Care", node, "appointment", "planned");
  }
}
for (const section of coded("47519-4")) {
  found.push("Procedures");
  for (const node of entries(section, "procedure", "observation", "act")) {
    if (attribute(node, "moodCode") === "EVN") add("Procedures", node, "procedure", "done");
  }
}

// The encounter that the whole document is about counts unless the Encounters section has it: same id, or same start
// as far as both say it.
const header = one(root, "componentOf", "encompassingEncounter");
if (header !== undefined) {
  found.push("Document header");
  const listed = coded("46240-8").flatMap((section) => entries(section, "encounter"));
  const id = (node) => all(node, "id").map((each) => `${attribute(each, "root")} ${attribute(each, "extension")}`);
  const starts = (node) => (period(node).start ?? "").replace(/[+-]\d\d:\d\d$/, "");
  const same = (a, b) => a.length >= 10 && b.length >= 10 && (a.startsWith(b) || b.startsWith(a));
  const twin = listed.find(
    (node) =>
      id(node).some((each) => !each.includes("undefined") && id(header).includes(each)) ||
      same(starts(node), starts(header)),
  );
  if (twin === undefined) add("Document header", header, undefined, "done");
  else notes.push(`the header's encounter is the one at byte ${twin.start} of the Encounters section`);
}

encounters.sort((a, b) => a.bytes.start - b.bytes.start);
const record = {
  source: name,
  format: root.name === "ClinicalDocument" ? `CDA: ${said(one(root, "title")) ?? "untitled"}` : `XML: ${root.name}`,
  bytes: source.length,
  sections: [...new Set(found)],
  encounters: encounters.length,
  skipped,
  reason:
    encounters.length > 0
      ? null
      : found.length === 0
        ? "it has no section that lists encounters"
        : "the sections that list encounters hold none",
  notes,
};
mkdirSync("out", { recursive: true });
writeFileSync("out/encounters.jsonl", encounters.map((each) => `${JSON.stringify(each)}\n`).join(""));
writeFileSync("out/records.jsonl", `${JSON.stringify(record)}\n`);
console.log(`${encounters.length} encounters in ${record.sections.length} sections`);
