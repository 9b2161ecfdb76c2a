import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type LocalRun, parseCsv, runLocally } from "./run-locally.ts";

const data = join(import.meta.dirname, "data");
const brought = existsSync(join(data, "series"));
const csv = (name: string) => parseCsv(readFileSync(join(data, "series", name), "utf8"));
const json = (name: string): Record<string, string | number>[] =>
  JSON.parse(readFileSync(join(data, "series", name), "utf8"));

/** Figures computed a second time, from the raw files, by code that shares nothing with the agent's scripts. */
(brought ? describe : describe.skip)("the report on the real series (brought by `./cofferdam setup`)", () => {
  let run: LocalRun;
  beforeAll(async () => {
    run = await runLocally(data);
  });
  afterAll(() => rmSync(run.directory, { recursive: true, force: true }));

  test("it takes twenty steps, of which one finds a wrong assumption", () => {
    expect(run.steps).toHaveLength(20);
    expect(run.steps.map((step) => step.ok).indexOf(false)).toBe(5);
    expect(run.text).toMatch(/(\d+) of \1 checks passed/);
  });

  test("years of the index", () => {
    const days = csv("sp500-2000.csv").map((r) => [r["date"] ?? "", Number(r["close"])] as const);
    for (const row of run.table("index-years")) {
      const year = row["year"] ?? "";
      const inYear = days.flatMap(([date], i) => (date.startsWith(year) ? [i] : []));
      const [first = 0, last = 0] = [inYear[0], inYear.at(-1)];
      const start = Math.max(first - 1, 0);
      const close = (i: number) => days[i]?.[1] ?? Number.NaN;
      expect(Number(row["days"])).toBe(inYear.length);
      expect(Number(row["return"])).toBeCloseTo(close(last) / close(start) - 1, 5);
      const moves = Array.from(
        { length: last - start },
        (_, i) => Math.log(close(start + i + 1)) - Math.log(close(start + i)),
      );
      // Variance by E[x²] − E[x]², scaled to the sample.
      const n = moves.length;
      const variance =
        (moves.reduce((s, x) => s + x * x, 0) / n - (moves.reduce((s, x) => s + x, 0) / n) ** 2) * (n / (n - 1));
      expect(Number(row["volatility"])).toBeCloseTo(Math.sqrt(variance * 252), 5);
      expect(Number(row["worst_day"])).toBeCloseTo(Math.expm1(Math.min(...moves)), 5);
      const falls = inYear.flatMap((i) => inYear.filter((j) => j >= i).map((j) => close(j) / close(i) - 1));
      expect(Number(row["deepest_fall"])).toBeCloseTo(Math.min(...falls), 5);
    }
  });

  test("the deepest falls", () => {
    const rows = run
      .table("index-falls")
      .map((r) => [r["peak"], r["trough"], r["recovery"], Number(r["depth"]).toFixed(3)]);
    // As the history of the S&P 500 has them.
    expect(rows.slice(0, 4)).toEqual([
      ["2007-10-09", "2009-03-09", "2013-03-28", "-0.568"],
      ["2000-03-24", "2002-10-09", "2007-05-30", "-0.491"],
      ["2020-02-19", "2020-03-23", "", "-0.339"],
      ["2018-09-20", "2018-12-24", "2019-04-23", "-0.198"],
    ]);
  });

  test("stocks", () => {
    const bySymbol = Map.groupBy(csv("stocks.csv"), (r) => r["symbol"] ?? "");
    const table = new Map(run.table("stocks").map((r) => [r["symbol"], r]));
    expect(new Set(table.keys())).toEqual(new Set(["AAPL", "AMZN", "GOOG", "IBM", "MSFT"]));
    for (const [symbol, list] of bySymbol) {
      const prices = list.map((r) => Number(r["price"]));
      const row = table.get(symbol);
      expect(Number(row?.["months"])).toBe(prices.length);
      expect(Number(row?.["total_return"])).toBeCloseTo((prices.at(-1) ?? 0) / (prices[0] ?? 1) - 1, 5);
      const growth = Math.expm1((Math.log((prices.at(-1) ?? 0) / (prices[0] ?? 1)) * 12) / (prices.length - 1));
      expect(Number(row?.["annual_growth"])).toBeCloseTo(growth, 5);
      const falls = prices.flatMap((p, i) => prices.slice(i).map((q) => q / p - 1));
      expect(Number(row?.["deepest_fall"])).toBeCloseTo(Math.min(...falls), 5);
    }
  });

  test("a stock's year runs from December's close to December's close", () => {
    const price = (date: string) =>
      Number(csv("stocks.csv").find((r) => r["symbol"] === "AAPL" && r["date"] === date)?.["price"]);
    const row = run.table("stocks-years").find((r) => r["symbol"] === "AAPL" && r["year"] === "2008");
    expect(Number(row?.["return"])).toBeCloseTo(price("Dec 1 2008") / price("Dec 1 2007") - 1, 5);
  });

  test("correlations", () => {
    const since = csv("stocks.csv")
      .slice(-68)
      .map((r) => r["date"]);
    const moves = (symbol: string) => {
      const prices = csv("stocks.csv")
        .filter((r) => r["symbol"] === symbol && since.includes(r["date"]))
        .map((r) => Number(r["price"]));
      return prices.slice(1).map((p, i) => Math.log(p) - Math.log(prices[i] ?? 0));
    };
    const [a, b] = [moves("MSFT"), moves("IBM")];
    const total = (f: (i: number) => number) => a.reduce((s, _, i) => s + f(i), 0);
    const [x, y] = [(i: number) => a[i] ?? 0, (i: number) => b[i] ?? 0];
    const n = a.length;
    const covariance = n * total((i) => x(i) * y(i)) - total(x) * total(y);
    const spread = (f: (i: number) => number) => Math.sqrt(n * total((i) => f(i) ** 2) - total(f) ** 2);
    const row = run.table("stocks-correlations").find((r) => r["symbol"] === "MSFT");
    expect(Number(row?.["IBM"])).toBeCloseTo(covariance / (spread(x) * spread(y)), 5);
  });

  test("receipts, against figures that the Office of Management and Budget published", () => {
    const total = (year: string) => Number(run.table("receipts").find((r) => r["year"] === year)?.["Total"]);
    expect([total("1962"), total("2000"), total("2014")].map((v) => v.toFixed(1))).toEqual([
      "99.7",
      "2025.2",
      "3021.5",
    ]);
    const cents = json("budget.json").reduce((s, r) => s + BigInt(String(r["1999"]).replaceAll(",", "")), 0n);
    expect(total("1999")).toBeCloseTo(Number(cents) / 1e6, 5);
  });

  test("budget forecasts", () => {
    const rows = json("budgets.json").map((r) => ({
      b: Number(r["budgetYear"]),
      y: Number(r["forecastYear"]),
      v: Number(r["value"]),
    }));
    const known = (year: number) => rows.filter((r) => r.y === year && r.b > year).toSorted((p, q) => q.b - p.b)[0]?.v;
    const misses = rows
      .filter((r) => r.y - r.b === 5)
      .flatMap((r) => [known(r.y)].flatMap((v) => (v === undefined ? [] : [r.v - v])));
    const row = run.table("budget-forecasts").find((r) => r["years_ahead"] === "5");
    expect(Number(row?.["forecasts"])).toBe(misses.length);
    expect(Number(row?.["mean_absolute_miss"])).toBeCloseTo(
      misses.reduce((s, m) => s + Math.abs(m), 0) / misses.length,
      5,
    );
  });

  test("unemployment", () => {
    const rows = json("unemployment-across-industries.json").filter((r) => r["series"] === "Construction");
    const row = run.table("unemployment").find((r) => r["industry"] === "Construction");
    const rates = rows.map((r) => Number(r["rate"]));
    expect(row).toMatchObject({ highest_rate: "27.100000", highest_month: "2010-02", lowest_month: "2000-07" });
    expect(Number(row?.["mean_rate"])).toBeCloseTo(rates.reduce((a, b) => a + b, 0) / rates.length, 5);
  });

  test("the page stands alone, and its charts are well formed", () => {
    const html = run.read("report/report.html");
    expect(html).not.toMatch(/<script|<link|<img|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    for (const chart of readdirSync(join(run.directory, "report/charts"))) {
      const svg = run.read(`report/charts/${chart}`);
      const open = svg.match(/<(?:svg|text|title)\b/g)?.length;
      expect(svg.match(/<\/(?:svg|text|title)>/g)?.length).toBe(open);
      expect(svg).not.toMatch(/NaN|undefined/);
    }
    expect(run.read("report/summary.md")).toContain("in 122 of 123 months they are closes of its last day");
  });
});
