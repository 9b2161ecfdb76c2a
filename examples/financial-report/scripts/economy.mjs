// Receipts, budget forecasts, unemployment by industry and, where there are companies, sectors.
import { keep, mean, number, read, sum, writeTable } from "./series.mjs";

const figures = {};
const month = (r) => `${r.year}-${String(r.month).padStart(2, "0")}`;
/** A company's name without its class of shares. */
const firm = (c) => c.Name.replace(/ \(Class [A-Z]\)$/, "");

const accounts = read("receipts");
if (accounts !== undefined) {
  const years = Object.keys(accounts[0]).filter((k) => /^\d{4}$/.test(k));
  const categories = [...new Set(accounts.map((a) => a["Source category name"]))];
  // From thousands to billions.
  const billions = (year, category) =>
    sum(accounts.filter((a) => a["Source category name"] === category).map((a) => number(a[year]))) / 1e6;
  const rows = years.map((year) => {
    const cells = Object.fromEntries(categories.map((c) => [c, billions(year, c)]));
    return { year, ...cells, Total: sum(Object.values(cells)) };
  });
  writeTable("receipts", rows);
  figures.receipts = { categories, rows, accounts: accounts.length };
}

const forecasts = read("forecasts");
if (forecasts !== undefined) {
  // The newest budget that has a year knows best what it brought.
  const newest = new Map();
  for (const f of forecasts) {
    const known = newest.get(f.forecastYear);
    if (known === undefined || f.budgetYear > known.budgetYear) newest.set(f.forecastYear, f);
  }
  const misses = forecasts
    .filter((f) => newest.get(f.forecastYear).budgetYear > f.forecastYear && f.budgetYear <= f.forecastYear)
    .map((f) => ({ ahead: f.forecastYear - f.budgetYear, miss: f.value - newest.get(f.forecastYear).value }));
  const rows = [...Map.groupBy(misses, (m) => m.ahead)]
    .sort(([a], [b]) => a - b)
    .map(([years_ahead, list]) => ({
      years_ahead,
      forecasts: list.length,
      mean_miss: mean(list.map((m) => m.miss)),
      mean_absolute_miss: mean(list.map((m) => Math.abs(m.miss))),
      too_optimistic: list.filter((m) => m.miss > 0).length,
    }));
  writeTable("budget-forecasts", rows);
  const outcomes = [...newest.values()]
    .filter((f) => f.budgetYear > f.forecastYear)
    .sort((a, b) => a.forecastYear - b.forecastYear);
  figures.forecasts = { rows, forecasts, outcomes };
}

const unemployment = read("industries");
if (unemployment !== undefined) {
  const groups = Map.groupBy(unemployment, (r) => r.series);
  const rows = [...groups].map(([industry, list]) => {
    const sorted = list.toSorted((a, b) => month(a).localeCompare(month(b)));
    const low = sorted.reduce((a, b) => (b.rate < a.rate ? b : a));
    const high = sorted.reduce((a, b) => (b.rate > a.rate ? b : a));
    const last = sorted.at(-1);
    return {
      industry,
      months: list.length,
      lowest_rate: low.rate,
      lowest_month: month(low),
      highest_rate: high.rate,
      highest_month: month(high),
      mean_rate: mean(list.map((r) => r.rate)),
      last_rate: last.rate,
      last_month: month(last),
    };
  });
  rows.sort((a, b) => b.last_rate - a.last_rate);
  writeTable("unemployment", rows);
  const series = Object.fromEntries(
    [...groups].map(([k, l]) => [k, l.map((r) => ({ month: month(r), rate: r.rate }))]),
  );
  figures.unemployment = { rows, series };
}

const companies = read("companies");
if (companies !== undefined) {
  // A company with several classes of shares stands here once for each, every time with its whole value.
  const once = [...new Map(companies.toReversed().map((c) => [firm(c), c])).values()].toReversed();
  const valued = once.filter((c) => c["Market Cap"] !== "" && Number.isFinite(number(c["Market Cap"])));
  const total = sum(valued.map((c) => number(c["Market Cap"])));
  const rows = [...Map.groupBy(valued, (c) => c.Sector)].map(([sector, list]) => {
    const value = sum(list.map((c) => number(c["Market Cap"])));
    const largest = list.reduce((a, b) => (number(b["Market Cap"]) > number(a["Market Cap"]) ? b : a));
    return {
      sector,
      companies: list.length,
      market_value_billions: value / 1e9,
      share: value / total,
      largest: firm(largest),
    };
  });
  rows.sort((a, b) => b.market_value_billions - a.market_value_billions);
  writeTable("sectors", rows);
  // A value a thousand times below the median is a slip of the unit, not a small company.
  const median = valued.map((c) => number(c["Market Cap"])).toSorted((a, b) => a - b)[valued.length >> 1];
  const implausible = valued.filter((c) => number(c["Market Cap"]) < median / 1_000).map(firm);
  const counts = {
    companies: once.length,
    shareClasses: companies.length - once.length,
    withoutValue: once.length - valued.length,
  };
  figures.sectors = { rows, ...counts, implausible, total: total / 1e9 };
}

keep("economy", figures);
const { receipts, forecasts: budget, unemployment: jobs, sectors } = figures;
console.log(
  JSON.stringify({
    receipts: receipts && {
      first: receipts.rows[0],
      last: receipts.rows.at(-1),
      y2014: receipts.rows.find((r) => r.year === "2014"),
    },
    forecasts: budget?.rows,
    unemployment: jobs && {
      highest: jobs.rows[0],
      lowest: jobs.rows.at(-1),
      industries: jobs.rows.length,
      last: jobs.rows[0].last_month,
    },
    sectors: sectors && { ...sectors, rows: undefined, count: sectors.rows.length, top: sectors.rows.slice(0, 3) },
  }),
);
