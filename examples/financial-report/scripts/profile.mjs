// What is in each file: kind, rows, columns, and for each column its type, format, range and gaps. One JSON line a file.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const formats = [
  ["iso-date", /^\d{4}-\d{2}-\d{2}$/],
  ["iso-time", /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/],
  ["month-day-year", new RegExp(`^(${months.join("|")}) \\d{1,2} \\d{4}$`)],
  ["number", /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i],
  ["number-with-commas", /^-?\d{1,3}(,\d{3})+(\.\d+)?$/],
];

function formatOf(values) {
  const found = new Set(values.map((v) => formats.find(([, shape]) => shape.test(v))?.[0] ?? "text"));
  if (found.size === 2 && found.has("number") && found.has("number-with-commas")) return "number-with-commas";
  return found.size === 1 ? [...found][0] : "text";
}

function parseCsv(text) {
  const rows = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === "") continue;
    const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
      (m) => m[1]?.replaceAll('""', '"') ?? m[2],
    );
    rows.push(cells);
  }
  const [header, ...body] = rows;
  return {
    columns: header,
    records: body.map((cells) => Object.fromEntries(header.map((h, i) => [h, cells[i] ?? ""]))),
  };
}

function profile(path) {
  const text = readFileSync(path, "utf8");
  const json = path.endsWith(".json");
  const records = json ? JSON.parse(text) : parseCsv(text).records;
  const names = [...new Set(records.flatMap(Object.keys))];
  const years = names.filter((n) => /^\d{4}$/.test(n));
  const columns = {};
  for (const name of names.filter((n) => !years.includes(n))) columns[name] = describe(records.map((r) => r[name]));
  const result = { path, kind: json ? "json" : "csv", rows: records.length, columns };
  if (years.length > 0) {
    const values = records.flatMap((r) => years.map((y) => r[y]));
    result.years = { first: years[0], last: years.at(-1), ...describe(values) };
  }
  return result;
}

function describe(values) {
  const present = values.filter((v) => v !== null && v !== undefined && v !== "").map(String);
  const format = formatOf(present);
  const column = { format, missing: values.length - present.length, distinct: new Set(present).size };
  if (format === "number") {
    let [min, max] = [Infinity, -Infinity];
    for (const v of present.map(Number)) [min, max] = [Math.min(min, v), Math.max(max, v)];
    return { ...column, min, max };
  }
  return { ...column, first: present[0]?.slice(0, 40), last: present.at(-1)?.slice(0, 40) };
}

const root = "inputs/data";
for (const entry of readdirSync(root, { recursive: true }).sort()) {
  if (/\.(csv|json)$/.test(entry)) console.log(JSON.stringify(profile(join(root, entry))));
}
