import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { type LocalRun, runLocally } from "./run-locally.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Made {
  /** Day of the month that monthly prices are really of. */
  readonly day: "first" | "last";
  readonly stocks?: boolean;
  readonly spoil?: (csv: string) => string;
}

/** Two and a half years of weekdays from a little generator, and monthly files made of them. */
function makeData({ day, stocks = true, spoil = (csv) => csv }: Made): string {
  const data = mkdtempSync(join(tmpdir(), "cofferdam-series-"));
  mkdirSync(join(data, "any"));
  folders.push(data);
  let [seed, price] = [7, 1000];
  const days: { date: Date; close: number }[] = [];
  for (let at = Date.UTC(2017, 0, 2); at < Date.UTC(2019, 6, 1); at += 86_400_000) {
    const date = new Date(at);
    if (date.getUTCDay() % 6 === 0) continue;
    seed = (seed * 48_271) % 2_147_483_647;
    price *= 1 + (seed / 2_147_483_647 - 0.49) * 0.03;
    days.push({ date, close: Number(price.toFixed(2)) });
  }
  const iso = (date: Date) => date.toISOString().slice(0, 10);
  const months = [...Map.groupBy(days, ({ date }) => iso(date).slice(0, 7))];
  const picked = months.map(([month, list]) => ({ month, close: list.at(day === "first" ? 0 : -1)?.close ?? 0 }));
  const named = (month: string) =>
    `${new Date(`${month}-01`).toLocaleString("en", { month: "short", timeZone: "UTC" })} 1 ${month.slice(0, 4)}`;
  const daily = [
    "date,open,high,low,close",
    ...days.map((d) => `${iso(d.date)},${d.close},${d.close},${d.close},${d.close}`),
  ];
  writeFileSync(join(data, "any/x1.csv"), spoil(`${daily.join("\n")}\n`));
  writeFileSync(
    join(data, "any/x2.csv"),
    `date,price\n${picked.map((m) => `${named(m.month)},${m.close}`).join("\n")}\n`,
  );
  const rows = picked.flatMap((m, i) => [`AA,${m.month}-01,${m.close}`, `BB,${m.month}-01,${100 + ((i * 37) % 23)}`]);
  if (stocks) writeFileSync(join(data, "any/x3.csv"), `symbol,date,price\n${rows.toSorted().join("\n")}\n`);
  return data;
}

async function play(made: Made): Promise<LocalRun> {
  const run = await runLocally(makeData(made));
  folders.push(run.directory);
  return run;
}

test("where monthly prices are of the first day, nothing is mended, and the years are those of that reading", async () => {
  const run = await play({ day: "first" });
  expect(run.text).toContain("checks passed");
  expect(run.steps).toHaveLength(15);
  expect(run.read("work/series.mjs")).toContain('MONTHLY_PRICE_IS_OF = "first day"');
  // A price of January's first day closes the year before: 2017 and 2018 have closings, so 2018 has a return.
  expect(run.table("stocks-years").map((r) => `${r["symbol"]} ${r["year"]}`)).toEqual([
    "AA 2017",
    "AA 2018",
    "BB 2017",
    "BB 2018",
  ]);
});

test("where they are of the last day, the agent finds out and mends its script", async () => {
  const run = await play({ day: "last" });
  expect(run.text).toContain("checks passed");
  expect(run.steps).toHaveLength(17);
  expect(run.steps.filter((step) => !step.ok)).toHaveLength(1);
  expect(run.read("work/series.mjs")).toContain('MONTHLY_PRICE_IS_OF = "last day"');
  expect(run.table("stocks-years").map((r) => `${r["symbol"]} ${r["year"]}`)).toEqual(["AA 2018", "BB 2018"]);
});

test("without a file that can play a required part it stops and says which", async () => {
  const run = await play({ day: "last", stocks: false });
  expect(run.text).toMatch(/^I stop here .*no file that could be stocks/);
  expect(existsSync(join(run.directory, "report"))).toBe(false);
});

test("a value that is no number is not reported as one", async () => {
  const run = await play({ day: "last", spoil: (csv) => csv.replace(/,[\d.]+\n2018-03-01/, ",n/a\n2018-03-01") });
  expect(run.text).toMatch(/^I stop here/);
});
