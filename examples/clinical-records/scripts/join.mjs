// Unites what the tasks left: node join.mjs <task folder> …
// Writes out/encounters.jsonl, out/records.jsonl and out/summary.html, and checks that nothing was lost on the way.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const lines = (file) =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const records = [];
const encounters = [];
for (const folder of process.argv.slice(2)) {
  records.push(...lines(`${folder}/out/records.jsonl`).map((line) => JSON.parse(line)));
  encounters.push(...lines(`${folder}/out/encounters.jsonl`).map((line) => JSON.parse(line)));
}
records.sort((a, b) => byText(a.source, b.source));
encounters.sort((a, b) => byText(a.source, b.source) || a.bytes.start - b.bytes.start);

const of = (record) => encounters.filter((each) => each.source === record.source);
const problems = [];
for (const record of records) {
  if (of(record).length !== record.encounters)
    problems.push(`${record.source}: ${of(record).length} of ${record.encounters} arrived`);
}
for (const each of encounters) {
  if (!records.some((record) => record.source === each.source))
    problems.push(`${each.source}: encounters without a record`);
}
if (new Set(records.map((record) => record.source)).size !== records.length) problems.push("a record was read twice");

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char]);
const tally = (all) => {
  const counts = new Map();
  for (const each of all) counts.set(each.kind, (counts.get(each.kind) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => byText(a, b));
};
const PLURALS = { emergency: "emergencies", virtual: "virtual visits" };
const kinds = tally(encounters).map(([kind]) => kind);
const years = new Map();
for (const each of encounters) {
  const year = each.start?.slice(0, 4) ?? "no date";
  years.set(year, (years.get(year) ?? 0) + 1);
}
const most = Math.max(1, ...years.values());

const row = (record) => {
  const counts = new Map(tally(of(record)));
  return `<tr><th scope="row"><a href="#${encodeURIComponent(record.source)}">${escape(record.source)}</a></th><td class="t">${escape(record.format.split(":")[0])}</td>${kinds
    .map((kind) => `<td class="n">${counts.get(kind) ?? ""}</td>`)
    .join("")}<td class="n"><b>${record.encounters}</b></td><td>${escape(record.reason ?? "")}</td></tr>`;
};
const list = (values) => values.map(escape).join("; ");
const entry = (each) =>
  `<tr><td class="n">${escape(each.start?.replace("T", " ") ?? "no date")}${each.end === null ? "" : ` – ${escape(each.end.replace("T", " "))}`}</td><td>${each.kind}${each.status === "done" ? "" : ` (${each.status})`}</td><td>${escape(each.title ?? "")}</td><td>${escape(each.place ?? "")}</td><td>${list(each.clinicians)}</td><td>${list(each.reasons)}</td><td>${list(each.diagnoses)}</td><td class="n">${each.lines.first}–${each.lines.last}</td></tr>`;
const details = (
  record,
) => `<section id="${escape(encodeURIComponent(record.source))}"><h3>${escape(record.source)}</h3>
<p>${escape(record.format)}, ${record.bytes} bytes${record.sections.length > 0 ? `; sections read: ${list(record.sections)}` : ""}.${record.reason === null ? "" : ` No encounter: ${escape(record.reason)}.`}</p>
${record.notes.length === 0 ? "" : `<ul>${record.notes.map((note) => `<li>${escape(note)}</li>`).join("")}</ul>`}
${record.encounters === 0 ? "" : `<div class="wide"><table><thead><tr><th>When</th><th>Kind</th><th>What</th><th>Where</th><th>Who</th><th>Reasons</th><th>Diagnoses</th><th>Lines</th></tr></thead><tbody>${of(record).map(entry).join("\n")}</tbody></table></div>`}</section>`;

const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Encounters</title>
<style>
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: .875rem; } th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom-width: 2px; } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.t { white-space: nowrap; } tbody th { font-weight: 500; }
.wide { overflow-x: auto; } .bar { background: #3b6ea5; height: .75rem; display: inline-block; } section { margin-top: 2.5rem; }
</style></head><body>
<h1>${encounters.length} encounters in ${records.length} records</h1>
<p>${tally(encounters)
  .map(([kind, count]) => `${count} ${count === 1 ? kind : (PLURALS[kind] ?? `${kind}s`)}`)
  .join(", ")}.</p>
<h2>Records</h2>
<div class="wide"><table><thead><tr><th>Record</th><th>Format</th>${kinds.map((kind) => `<th class="n">${kind}</th>`).join("")}<th class="n">all</th><th></th></tr></thead>
<tbody>${records.map(row).join("\n")}</tbody></table></div>
<h2>By year</h2>
<table><tbody>${[...years]
  .sort(([a], [b]) => byText(a, b))
  .map(
    ([year, count]) =>
      `<tr><th scope="row">${year}</th><td class="n">${count}</td><td><span class="bar" style="width:${((count / most) * 20).toFixed(2)}rem"></span></td></tr>`,
  )
  .join("\n")}</tbody></table>
<h2>Encounters</h2>
${records.map(details).join("\n")}
</body></html>
`;

mkdirSync("out", { recursive: true });
writeFileSync("out/encounters.jsonl", encounters.map((each) => `${JSON.stringify(each)}\n`).join(""));
writeFileSync("out/records.jsonl", records.map((each) => `${JSON.stringify(each)}\n`).join(""));
writeFileSync("out/summary.html", page);
console.log(
  JSON.stringify({
    ok: problems.length === 0,
    records: records.length,
    encounters: encounters.length,
    kinds: Object.fromEntries(tally(encounters)),
    empty: records.filter((record) => record.encounters === 0).map((record) => `${record.source}: ${record.reason}`),
    problems,
  }),
);
process.exitCode = problems.length === 0 ? 0 : 1;
