// Reads the written tables again and compares them with the raw data, by other ways than they were computed.
import { readdirSync, readFileSync } from "node:fs";
import { found, MONTHLY_PRICE_IS_OF } from "./series.mjs";

const results = [];
const check = (what, ok) => results.push(`${ok ? "ok  " : "FAIL"} ${what}`);
const near = (a, b, tolerance = 1e-5) => Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

/** Cells by line; these tables have no quoted commas but in sectors, which is read by its first quote. */
const lines = (path) => readFileSync(path, "utf8").trim().split("\n").slice(1);
const table = (name) => lines(`report/tables/${name}.csv`).map((l) => l.split(","));

const raw = lines(found.dailyIndex.path).map((l) => l.split(","));
const years = table("index-years");
const compounded = years.reduce((product, row) => product * (1 + Number(row[3])), 1) - 1;
check(
  "yearly returns of the index compound to its whole return",
  near(compounded, raw.at(-1)[4] / raw[0][4] - 1, 1e-4),
);
check("the years have as many days as the file", years.reduce((n, row) => n + Number(row[1]), 0) === raw.length);
const [deepest] = table("index-falls");
const close = (date) => Number(raw.find(([d]) => d === date)[4]);
check(
  "the deepest fall leads from its peak to its trough",
  near(Number(deepest[3]), close(deepest[1]) / close(deepest[0]) - 1),
);
const between = raw.filter(([d]) => d > deepest[0] && d < (deepest[2] || "9999"));
check(
  "no close between peak and recovery is above the peak or below the trough",
  between.every((r) => r[4] < close(deepest[0]) && r[4] >= close(deepest[1])),
);

const prices = Map.groupBy(
  lines(found.stocks.path).map((l) => l.split(",")),
  ([symbol]) => symbol,
);
const stocks = table("stocks");
check("each stock has its row", stocks.length === prices.size);
check(
  "annual growth over the months gives the total return",
  stocks.every((r) => near((1 + Number(r[7])) ** ((r[3] - 1) / 12) - 1, Number(r[6]), 1e-4)),
);
const december = MONTHLY_PRICE_IS_OF === "last day" ? /^Dec|-12-/ : /^Jan|-01-/;
const stockYears = table("stocks-years");
check(
  "a stock's years compound to the way from its first closing to its last",
  [...prices].every(([symbol, list]) => {
    const closings = list.filter(([, date]) => december.test(date)).map((r) => Number(r[2]));
    const product = stockYears.filter(([s]) => s === symbol).reduce((all, r) => all * (1 + Number(r[2])), 1);
    return near(product, closings.at(-1) / closings[0], 1e-4);
  }),
);
const correlations = table("stocks-correlations").map((r) => r.slice(1).map(Number));
check(
  "correlations are symmetric, from -1 to 1",
  correlations.every((r, i) => r.every((v, j) => near(v, correlations[j][i]) && Math.abs(v) <= 1)),
);

if (found.receipts !== undefined) {
  const accounts = JSON.parse(readFileSync(found.receipts.path, "utf8"));
  const total = (year) => accounts.reduce((all, a) => all + Number.parseInt(a[year].replace(/,/g, ""), 10), 0) / 1e6;
  check(
    "receipts of all accounts add up to each year's total",
    table("receipts").every((r) => near(Number(r.at(-1)), total(r[0]), 1e-6)),
  );
}
if (found.industries !== undefined) {
  const rows = JSON.parse(readFileSync(found.industries.path, "utf8"));
  const rates = Map.groupBy(rows, (r) => r.series);
  const ok = lines("report/tables/unemployment.csv").every((l) => {
    const [name, , low, , high] = l.split(",");
    const sorted = rates
      .get(name)
      .map((r) => r.rate)
      .toSorted((a, b) => a - b);
    return sorted[0] === Number(low) && sorted.at(-1) === Number(high);
  });
  check("lowest and highest rates are the ends of the sorted rates", ok);
}
if (found.companies !== undefined) {
  const shares = lines("report/tables/sectors.csv").map((l) =>
    Number(l.match(/,(\d\.\d+|1),[^,]*(?:"[^"]*")?$/)?.[1] ?? l.split(",").at(-2)),
  );
  check(
    "shares of the sectors add up to one",
    near(
      shares.reduce((a, b) => a + b, 0),
      1,
      1e-4,
    ),
  );
}

const html = readFileSync("report/report.html", "utf8");
const charts = readdirSync("report/charts");
check(
  "the page holds every chart",
  charts.every((c) => html.includes(readFileSync(`report/charts/${c}`, "utf8").trim())),
);
check("the page loads nothing and runs nothing", !/<script|<link|<img|src=|@import|url\(/i.test(html));
check(
  "no figure is missing or not a number",
  !/NaN|undefined|Infinity|null/.test(html + readFileSync("report/summary.md", "utf8")),
);
console.log(results.join("\n"));
const failed = results.filter((r) => r.startsWith("FAIL")).length;
console.log(`${results.length - failed} of ${results.length} checks passed`);
process.exitCode = failed === 0 ? 0 : 1;
