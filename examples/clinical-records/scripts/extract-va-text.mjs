// Lists the encounters of a VA Blue Button text: node extract.mjs <record> <name>
// Every character is one byte here (latin1), so positions in the text are positions in the file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const [file, name] = process.argv.slice(2);
const text = readFileSync(file, "latin1");

const lines = [];
for (let start = 0, number = 1; start < text.length; number += 1) {
  const newline = text.indexOf("\n", start);
  const next = newline < 0 ? text.length : newline + 1;
  const content = text.slice(start, next).trimEnd();
  lines.push({ number, start, end: start + content.length, text: content });
  start = next;
}

const blank = (line) => line.text.trim() === "";
const isRule = (line) => /^={20,}$/.test(line.text.trim());

// A section begins with its title between dashes.
const sections = [];
for (const line of lines) {
  const title = /^-{5,} ?([A-Z][A-Za-z ,:()/&-]*?) ?-{5,}\s*$/.exec(line.text)?.[1];
  if (title !== undefined) sections.push({ title, lines: [] });
  else sections.at(-1)?.lines.push(line);
}

function split(all, isBorder) {
  const blocks = [[]];
  for (const line of all) {
    if (isBorder(line)) blocks.push([]);
    else blocks.at(-1).push(line);
  }
  return blocks;
}

// Where entries stand between rules: what comes before the first rule is the section's introduction.
function ruledEntries(section) {
  const entries = [];
  for (const block of split(section.lines, isRule).slice(1)) {
    const first = block.find((line) => !blank(line));
    if (first === undefined) continue;
    entries.push(block);
  }
  return entries;
}

// Appointments stand apart by blank lines, below "FUTURE APPOINTMENTS:" or "PAST APPOINTMENTS:".
function appointmentEntries(section) {
  return split(section.lines, blank)
    .map((block) => block.filter((line) => !/^(FUTURE|PAST) APPOINTMENTS:|^-+$/.test(line.text.trim())))
    .filter((block) => (block[0]?.text ?? "").startsWith("Date/Time:"));
}

// The head of an entry is what stands above its first rule of dashes.
function field(entry, ...labels) {
  const head = split(entry, (line) => /^-{20,}\s*$/.test(line.text))[0];
  for (const label of labels) {
    const line = head.find((each) => each.text.startsWith(`${label}:`));
    const value = line?.text.slice(label.length + 1).trim() ?? "";
    if (value !== "" && value !== "Not available") return value;
  }
  return null;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function time(value) {
  const match = /^(\d{2}) ([A-Z][a-z]{2}) (\d{4})(?: @ (\d{2})(\d{2}))?$/.exec(value ?? "");
  if (match === null) return null;
  const [, day, month, year, hour, minute] = match;
  const date = `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, "0")}-${day.padStart(2, "0")}`;
  return hour === undefined ? date : `${date}T${hour}:${minute}`;
}

// "PROVIDER,ONE A" and "PROVIDER, ONE A" are one person; "XRAY,MISSING" stands where nobody was named.
function people(...names) {
  const tidy = names
    .filter((name) => name !== null && !/\bMISSING\b/.test(name))
    .map((name) => name.replace(/,\s*/, ", "));
  return [...new Set(tidy)];
}

// A list "1) ..." below a heading, or what stands beside the heading.
function listBelow(entry, heading) {
  const at = entry.findIndex((line) => line.text.trim().toLowerCase().startsWith(heading));
  if (at < 0) return [];
  const beside = entry[at].text.trim().slice(heading.length).trim();
  if (beside !== "") return [beside];
  const items = [];
  for (const line of entry.slice(at + 1)) {
    const item = /^\d+[).]\s+(\S.*?):?\s*$/.exec(line.text)?.[1];
    if (item === undefined) break;
    items.push(item);
  }
  return items;
}

function appointment(entry) {
  const raw = field(entry, "Status");
  const known = {
    FUTURE: "planned",
    CANCELLED: "cancelled",
    "APPOINTMENT NOT KEPT": "missed",
    "APPOINTMENT KEPT": "done",
  };
  const type = field(entry, "Type");
  return {
    kind: "appointment",
    status:
      known[raw] ??
      (before(entry, "FUTURE APPOINTMENTS:") > before(entry, "PAST APPOINTMENTS:") ? "planned" : "unknown"),
    start: time(field(entry, "Date/Time")),
    title: field(entry, "Clinic"),
    place: field(entry, "Location"),
    reasons: type === null ? [] : [type],
  };
}

const before = (entry, heading) =>
  lines.slice(0, entry[0].number - 1).findLastIndex((line) => line.text.trim() === heading);

function admission(entry) {
  const end = time(field(entry, "Discharge Date"));
  return {
    kind: "admission",
    status: end === null ? "unknown" : "done",
    start: time(field(entry, "Admission Date")),
    end,
    title: field(entry, "Admitting Specialty"),
    place: field(entry, "Location", "Admitting Location"),
    clinicians: people(
      field(entry, "Admitting Physician", "Attending Physician"),
      field(entry, "Discharge Physician", "Discharging Physician"),
    ),
    reasons: listBelow(entry, "admission diagnosis:"),
    diagnoses: [...listBelow(entry, "principal diagnosis:"), ...listBelow(entry, "discharge diagnosis:")],
  };
}

function note(entry) {
  const title = field(entry, "Note Title");
  return {
    kind: /MESSAG|PHONE|TELEHEALTH/i.test(title ?? "")
      ? "virtual"
      : /EMERGENCY/i.test(title ?? "")
        ? "emergency"
        : "visit",
    status: "done",
    start: time(field(entry, "Date/Time")),
    title,
    place: field(entry, "Location"),
    clinicians: people(field(entry, "Signed By"), field(entry, "Co-signed By")),
  };
}

function study(entry) {
  const history = entry.findIndex((line) => line.text.startsWith("Clinical History:"));
  const below = history < 0 ? "" : entry[history + 1].text.replace(/\s+/g, " ").trim();
  const reasons = [field(entry, "Reasons for Study"), below].filter((reason) => reason !== null && reason !== "");
  return {
    kind: "procedure",
    status: "done",
    start: time(field(entry, "Date/Time Exam Performed")),
    title: field(entry, "Procedure/Test Name"),
    place: field(entry, "Performing Location", "Ordering Location"),
    clinicians: people(field(entry, "Requesting Provider"), field(entry, "Radiologist")),
    reasons: [...new Set(reasons)],
  };
}

const READERS = [
  { title: "VA APPOINTMENTS", first: /^Date\/Time:/, entries: appointmentEntries, read: appointment },
  { title: "VA ADMISSIONS AND DISCHARGES", first: /^Admission Date/, entries: ruledEntries, read: admission },
  { title: "VA NOTES", first: /^Date\/Time:/, entries: ruledEntries, read: note },
  { title: "VA RADIOLOGY REPORTS", first: /^Procedure\/Test Name:/, entries: ruledEntries, read: study },
  { title: "VA ELECTROCARDIOGRAM (EKG) REPORTS", first: /^Procedure\/Test Name:/, entries: ruledEntries, read: study },
];

const encounters = [];
for (const section of sections) {
  const reader = READERS.find((each) => each.title === section.title);
  if (reader === undefined) continue;
  for (const entry of reader.entries(section, reader.first)) {
    const filled = entry.filter((line) => !blank(line));
    const found = reader.read(filled[0] === entry[0] ? entry : entry.slice(entry.indexOf(filled[0])));
    encounters.push({
      source: name,
      section: section.title,
      kind: found.kind,
      status: found.status,
      start: found.start,
      end: found.end ?? null,
      title: found.title,
      place: found.place,
      clinicians: found.clinicians ?? [],
      reasons: found.reasons ?? [],
      diagnoses: found.diagnoses ?? [],
      bytes: { start: filled[0].start, end: filled.at(-1).end },
      lines: { first: filled[0].number, last: filled.at(-1).number },
    });
  }
}

const named = sections
  .map((section) => section.title)
  .filter((title) => READERS.some((reader) => reader.title === title));
const record = {
  source: name,
  format: "VA Blue Button text",
  bytes: text.length,
  sections: named,
  encounters: encounters.length,
  skipped: 0,
  reason: encounters.length > 0 ? null : "none of its sections lists an encounter",
  notes: [],
};
mkdirSync("out", { recursive: true });
writeFileSync("out/encounters.jsonl", encounters.map((each) => `${JSON.stringify(each)}\n`).join(""));
writeFileSync("out/records.jsonl", `${JSON.stringify(record)}\n`);
console.log(`${encounters.length} encounters in ${named.length} sections`);
