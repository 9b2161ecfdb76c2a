// What each file is good for, by its columns and not by its name.
const shapes = {
  dailyIndex: { kind: "csv", has: ["date", "open", "close"] },
  monthlyIndex: { kind: "csv", has: ["date", "price"], hasNot: ["symbol"] },
  stocks: { kind: "csv", has: ["symbol", "date", "price"] },
  receipts: { kind: "json", has: ["Source category name"], years: true },
  forecasts: { kind: "json", has: ["budgetYear", "forecastYear", "value"] },
  industries: { kind: "json", has: ["series", "year", "month", "rate"] },
  companies: { kind: "csv", has: ["Name", "Sector", "Market Cap"] },
};
/** Without these there is no report. */
export const required = ["dailyIndex", "stocks"];
/** Columns of which the month comes from elsewhere, or is none. */
const withoutDates = ["industries"];

/** Reads what work/profile.mjs printed, one JSON text a line. */
export const parseProfile = (output) =>
  output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** The file for each role that some file can play, with the format of its dates. */
export function findRoles(profile) {
  const found = {};
  for (const [role, { kind, has, hasNot = [], years = false }] of Object.entries(shapes)) {
    const file = profile.find(
      (f) =>
        f.kind === kind &&
        has.every((c) => c in f.columns) &&
        !hasNot.some((c) => c in f.columns) &&
        (!years || "years" in f),
    );
    if (file === undefined) continue;
    const format = withoutDates.includes(role) ? undefined : file.columns.date?.format;
    found[role] = { path: file.path, ...(format === undefined ? {} : { dateFormat: format }) };
  }
  return found;
}

/** What a reader of the report should know about the files. */
export function findDoubts(profile, found) {
  const doubts = [];
  for (const [role, { path }] of Object.entries(found)) {
    const file = profile.find((f) => f.path === path);
    const name = path.split("/").at(-1);
    const gaps = Object.entries(file.columns).filter(([, c]) => c.missing > 0);
    if (gaps.length > 0) {
      const most = gaps.toSorted(([, a], [, b]) => b.missing - a.missing)[0];
      doubts.push(
        `${name}: ${gaps.length} of ${Object.keys(file.columns).length} columns have empty cells, most of them ${most[0]} (${most[1].missing} of ${file.rows}).`,
      );
    }
    const date = file.columns.date;
    if (role === "dailyIndex" && date.distinct !== file.rows)
      doubts.push(`${name}: some days stand there more than once.`);
    if (date?.format === "iso-time")
      doubts.push(`${name}: dates are midnights of a time zone; year and month were taken instead.`);
  }
  return doubts;
}
