// Reads the data by what the profile found, and the few formulas that all scripts share.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Files by their role, and the date format of each, as work/profile.mjs found them. */
export const found = {};

/** Which day a monthly price is of: the first day of its month, as it is dated, or the last. */
export const MONTHLY_PRICE_IS_OF = "first day";

const monthNames = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const dateReaders = {
  "iso-date": (text) => text,
  "iso-time": (text) => text.slice(0, 10),
  "month-day-year": (text) => {
    const [month, day, year] = text.split(" ");
    return `${year}-${String(monthNames.indexOf(month) + 1).padStart(2, "0")}-${day.padStart(2, "0")}`;
  },
};

/** Records of the file with this role, dates as YYYY-MM-DD; undefined where there is no such file. */
export function read(role) {
  const file = found[role];
  if (file === undefined) return undefined;
  const text = readFileSync(file.path, "utf8");
  const records = file.path.endsWith(".json") ? JSON.parse(text) : parseCsv(text);
  const toDate = dateReaders[file.dateFormat];
  return toDate === undefined ? records : records.map((r) => ({ ...r, date: toDate(r.date) }));
}

function parseCsv(text) {
  const [header, ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2]),
    );
  return rows.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i] ?? ""])));
}

/** Numbers as these files write them: 1,234.5 or 1234.5. */
export const number = (text) => Number(String(text).replaceAll(",", ""));

export const sum = (values) => values.reduce((a, b) => a + b, 0);
export const mean = (values) => sum(values) / values.length;
export const deviation = (values) => {
  const m = mean(values);
  return Math.sqrt(sum(values.map((v) => (v - m) ** 2)) / (values.length - 1));
};
export const logReturns = (prices) => prices.slice(1).map((p, i) => Math.log(p / prices[i]));
export const returns = (prices) => prices.slice(1).map((p, i) => p / prices[i] - 1);

/** Deepest fall from a peak before it, as a negative fraction. */
export function deepestFall(prices) {
  let peak = -Infinity;
  let deepest = 0;
  for (const price of prices) {
    peak = Math.max(peak, price);
    deepest = Math.min(deepest, price / peak - 1);
  }
  return deepest;
}

/** The year a monthly price closes: with a price of the first day, January's closes the year before. */
export const closingYear = (date) => {
  const [year, month] = date.split("-").map(Number);
  if (MONTHLY_PRICE_IS_OF === "last day") return month === 12 ? year : undefined;
  return month === 1 ? year - 1 : undefined;
};

const write = (path, text) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const cell = (value) => {
  if (typeof value === "number") return Number.isInteger(value) ? `${value}` : value.toFixed(6);
  const text = String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Writes a table to report/tables: plain numbers, a header. */
export function writeTable(name, records) {
  const header = Object.keys(records[0]);
  const lines = [header, ...records.map((r) => header.map((h) => r[h]))].map((cells) => cells.map(cell).join(","));
  write(`report/tables/${name}.csv`, `${lines.join("\n")}\n`);
}

/** Keeps figures for later scripts, and prints those that the next decision needs. */
export function keep(name, figures) {
  write(`work/figures/${name}.json`, JSON.stringify(figures));
}
