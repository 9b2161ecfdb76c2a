// Draws every chart that there are figures for.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import {
  area,
  box,
  colors,
  drawing,
  endLabels,
  line,
  linear,
  log,
  rule,
  text,
  ticks,
  xAxis,
  yAxis,
  years,
} from "./chart.mjs";
import { found, MONTHLY_PRICE_IS_OF } from "./series.mjs";

const figures = (name) =>
  existsSync(`work/figures/${name}.json`) ? JSON.parse(readFileSync(`work/figures/${name}.json`, "utf8")) : {};
const [market, stocks, economy] = ["market", "stocks", "economy"].map(figures);
const file = (role) => found[role].path.split("/").at(-1);
const percent = (v) => `${(v * 100).toFixed(0)} %`.replace("-", "−");
const plot = { left: 64, right: 876 };
const drawn = [];

function save(name, svg) {
  mkdirSync("report/charts", { recursive: true });
  writeFileSync(`report/charts/${name}.svg`, svg);
  drawn.push(`${name}.svg ${svg.length} bytes`);
}
const yearTicks = (from, to, step) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

function drawIndex() {
  const { days, falls, whole } = market;
  const x = linear([years(whole.first.date), years(whole.last.date)], [plot.left, plot.right]);
  const closes = days.map((d) => d.close);
  const y = log([Math.min(...closes) * 0.95, Math.max(...closes) * 1.05], [330, 80]);
  const below = linear([Math.min(...falls.map((f) => f.depth)) * 1.05, 0], [520, 390]);
  let peak = 0;
  const depths = days.map((d) => [x(years(d.date)), below(d.close / (peak = Math.max(peak, d.close)) - 1)]);
  const levels = [500, 750, 1000, 1500, 2000, 3000, 4000].filter(
    (v) => v > Math.min(...closes) * 0.95 && v < Math.max(...closes) * 1.05,
  );
  const yearList = yearTicks(Number(whole.first.date.slice(0, 4)), Number(whole.last.date.slice(0, 4)), 2);
  const marks = [
    yAxis(levels, y, plot, (v) => v.toLocaleString("en")),
    line(
      days.map((d) => [x(years(d.date)), y(d.close)]),
      colors[0],
      1.4,
    ),
    text(plot.left, 372, "Below the last peak", { weight: 600 }),
    yAxis(ticks([Math.min(...falls.map((f) => f.depth)), 0], 3), below, plot, percent),
    area(
      depths,
      [
        [depths[0][0], below(0)],
        [depths.at(-1)[0], below(0)],
      ],
      colors[1],
      0.75,
    ),
    ...falls.slice(0, 3).map((f) =>
      text(x(years(f.trough)), below(f.depth) + 14, percent(f.depth), {
        anchor: "middle",
        color: colors[1],
        weight: 600,
      }),
    ),
    xAxis(yearList, x, 536),
  ];
  save(
    "index",
    drawing(
      {
        title: "The index and its falls",
        subtitle: "Daily close, logarithmic scale",
        source: file("dailyIndex"),
        height: 590,
      },
      marks,
    ),
  );
}

function drawIndexYears() {
  const rows = market.years;
  const values = rows.map((r) => r.return);
  const y = linear([Math.min(...values, 0) - 0.06, Math.max(...values) + 0.06], [360, 80]);
  const step = (plot.right - plot.left) / rows.length;
  const marks = rows.map((r, i) => {
    const [top, bottom] = [y(Math.max(r.return, 0)), y(Math.min(r.return, 0))];
    const at = plot.left + i * step;
    return [
      box(at + step * 0.15, top, step * 0.7, Math.max(1, bottom - top), r.return < 0 ? colors[1] : colors[0]),
      text(at + step / 2, r.return < 0 ? bottom + 13 : top - 5, (r.return * 100).toFixed(0).replace("-", "−"), {
        anchor: "middle",
        size: 11,
      }),
      text(at + step / 2, 385, r.year, { anchor: "middle", size: 11 }),
    ].join("");
  });
  const grid = yAxis(ticks([Math.min(...values), Math.max(...values)], 5), y, plot, percent);
  const subtitle = `Percent, closing price without dividends; ${rows.at(-1).year} up to ${market.whole.last.date}`;
  save(
    "index-years",
    drawing({ title: "The index year by year", subtitle, source: file("dailyIndex") }, [
      grid,
      ...marks,
      rule(plot.left, y(0), plot.right, y(0), "#5a6673"),
    ]),
  );
}

function drawStocks() {
  const [from, to] = stocks.shared;
  const lines = Object.entries(stocks.series).map(([symbol, list]) => {
    const rows = list.filter((r) => r.date >= from && r.date <= to);
    return { symbol, points: rows.map((r) => [r.date, (r.price / rows[0].price) * 100]) };
  });
  const all = lines.flatMap((l) => l.points.map(([, v]) => v));
  const inner = { left: plot.left, right: 800 };
  const at = (date) => years(date) + (MONTHLY_PRICE_IS_OF === "last day" ? 1 / 12 : 0);
  const x = linear([at(from), at(to)], [inner.left, inner.right]);
  const y = log([Math.min(...all) * 0.9, Math.max(...all) * 1.1], [370, 80]);
  const levels = [25, 50, 100, 200, 400, 800, 1600, 3200].filter(
    (v) => v > Math.min(...all) * 0.9 && v < Math.max(...all) * 1.1,
  );
  const marks = [
    yAxis(levels, y, inner, String),
    ...lines.map((l, i) =>
      line(
        l.points.map(([d, v]) => [x(at(d)), y(v)]),
        colors[i],
        2,
      ),
    ),
    endLabels(
      lines.map((l, i) => ({
        label: `${l.symbol} ${l.points.at(-1)[1].toFixed(0)}`,
        y: y(l.points.at(-1)[1]),
        color: colors[i],
      })),
      inner.right + 8,
      80,
      370,
    ),
    xAxis(yearTicks(Math.ceil(at(from)), Math.floor(at(to)), 1), x, 376),
  ];
  save(
    "stocks",
    drawing(
      {
        title: `${lines.length} stocks, from the first month that all have`,
        subtitle: `Price, ${from.slice(0, 7)} = 100, logarithmic scale`,
        source: file("stocks"),
      },
      marks,
    ),
  );
}

function drawReceipts() {
  const { rows } = economy.receipts;
  const categories = economy.receipts.categories.filter((c) => rows.some((r) => r[c] > 0));
  const x = linear([Number(rows[0].year), Number(rows.at(-1).year)], [plot.left, plot.right]);
  const y = linear([0, Math.max(...rows.map((r) => r.Total)) * 1.05], [370, 100]);
  let base = rows.map((r) => [x(Number(r.year)), y(0)]);
  const sums = rows.map(() => 0);
  const layers = categories.map((category, i) => {
    const upper = rows.map((r, k) => [x(Number(r.year)), y((sums[k] += r[category]))]);
    const layer = area(upper, base, colors[i % colors.length], 0.85);
    base = upper;
    return layer;
  });
  const marks = [
    yAxis(ticks([0, Math.max(...rows.map((r) => r.Total))], 4), y, plot, (v) => v.toLocaleString("en")),
    ...layers,
    box(x(2014.5), 100, plot.right - x(2014.5), 270, "#ffffff66"),
    text(x(2014.5) + 4, 95, "estimates", { size: 11 }),
    ...categories.map((c, i) => legendEntry(c, i)),
    xAxis(yearTicks(Math.ceil(Number(rows[0].year) / 10) * 10, Number(rows.at(-1).year), 10), x, 372),
  ];
  save(
    "receipts",
    drawing(
      {
        title: "Federal receipts by kind",
        subtitle: "Billions of dollars a fiscal year, not adjusted for prices",
        source: file("receipts"),
        height: 470,
      },
      marks,
    ),
  );
}
/** Two rows of four below the plot. */
function legendEntry(name, i) {
  const [x, y] = [plot.left + (i % 4) * 212, 406 + Math.floor(i / 4) * 20];
  return (
    box(x, y, 10, 10, colors[i % colors.length]) +
    text(
      x + 15,
      y + 9,
      name.replace("Social Insurance Taxes and Contributions", "Social Insurance").replace("Governmental ", ""),
    )
  );
}

function drawForecasts() {
  const { forecasts, outcomes } = economy.forecasts;
  const all = forecasts.map((f) => f.value);
  const x = linear(
    [outcomes[0].forecastYear, Math.max(...forecasts.map((f) => f.forecastYear))],
    [plot.left, plot.right],
  );
  const y = linear([Math.min(...all) - 0.1, Math.max(...all) + 0.1], [370, 80]);
  const budgets = [...Map.groupBy(forecasts, (f) => f.budgetYear).values()];
  const point = (f) => [x(f.forecastYear), y(f.value)];
  const marks = [
    yAxis(ticks([Math.min(...all), Math.max(...all)], 5), y, plot, (v) => v.toFixed(1).replace("-", "−")),
    rule(plot.left, y(0), plot.right, y(0), "#5a6673"),
    ...budgets.map((b) => line(b.toSorted((a, c) => a.forecastYear - c.forecastYear).map(point), colors[3], 1, 0.75)),
    line(outcomes.map(point), colors[0], 2.6),
    text(x(2001) + 8, y(0.42), "each budget’s forecast", { color: "#9a6206", weight: 600 }),
    text(x(1986), y(-0.62), "what became of it", { color: colors[0], weight: 600 }),
    xAxis(yearTicks(1980, 2020, 5), x, 372),
  ];
  save(
    "budget-forecasts",
    drawing(
      {
        title: "Budgets hope for better years",
        subtitle:
          "Surplus or deficit in trillions of dollars: thin lines are forecasts, the thick one the newest known figure",
        source: file("forecasts"),
      },
      marks,
    ),
  );
}

/** Neighbouring months of one shade become one mark. */
function runs(list, shade) {
  const merged = [];
  for (const { month, rate } of list.toSorted((a, b) => a.month.localeCompare(b.month))) {
    const last = merged.at(-1);
    if (last !== undefined && shade(last.rate) === shade(rate)) last.months++;
    else merged.push({ from: month, months: 1, rate });
  }
  return merged;
}

function drawUnemployment() {
  const { rows, series } = economy.unemployment;
  const months = series[rows[0].industry].map((r) => r.month).toSorted();
  const [left, right, top, height] = [190, 876, 78, 21];
  const width = (right - left) / months.length;
  const shades = ["#fff7ec", "#fee3b8", "#fdc483", "#f99b56", "#e7643c", "#c42c27", "#7f0d12"];
  const steps = [3, 5, 7, 10, 14, 20];
  const shade = (rate) => shades[steps.filter((s) => rate >= s).length];
  const cells = rows.flatMap(({ industry, last_rate }, i) => [
    text(left - 8, top + i * height + 15, industry, { anchor: "end" }),
    ...runs(series[industry], shade).map((r) =>
      box(left + months.indexOf(r.from) * width, top + i * height, r.months * width + 0.3, height - 2, shade(r.rate)),
    ),
    text(right + 5, top + i * height + 15, last_rate.toFixed(0), { size: 11 }),
  ]);
  const bottom = top + rows.length * height + 2;
  const yearLabels = months
    .filter((m) => m.endsWith("-01"))
    .map((m) => text(left + months.indexOf(m) * width, bottom + 15, m.slice(0, 4)));
  const key = shades.map(
    (c, i) =>
      box(left + i * 74, bottom + 30, 74, 10, c) +
      text(left + i * 74, bottom + 54, i === 0 ? "under 3" : `${steps[i - 1]} and more`, { size: 11 }),
  );
  save(
    "unemployment",
    drawing(
      {
        title: "Unemployment by industry",
        subtitle: "Percent, month by month; sorted by the last month, which stands at the right",
        source: file("industries"),
        height: bottom + 88,
      },
      [...cells, ...yearLabels, ...key],
    ),
  );
}

function drawSectors() {
  const rows = economy.sectors.rows.slice(0, 14);
  const x = linear([0, rows[0].market_value_billions], [300, 780]);
  const marks = rows.map((r, i) => {
    const at = 76 + i * 23;
    return (
      text(292, at + 13, r.sector.length > 46 ? `${r.sector.slice(0, 45)}…` : r.sector, { anchor: "end" }) +
      box(300, at, Math.max(1, x(r.market_value_billions) - 300), 17, colors[0]) +
      text(
        x(r.market_value_billions) + 6,
        at + 13,
        `${Math.round(r.market_value_billions).toLocaleString("en")} (${r.companies})`,
        { size: 11 },
      )
    );
  });
  save(
    "sectors",
    drawing(
      {
        title: "Market value by sector",
        subtitle: "Billions of dollars, companies in brackets; the largest sectors",
        source: file("companies"),
        height: 76 + rows.length * 23 + 36,
      },
      marks,
    ),
  );
}

drawIndex();
drawIndexYears();
drawStocks();
if (economy.receipts !== undefined) drawReceipts();
if (economy.forecasts !== undefined) drawForecasts();
if (economy.unemployment !== undefined) drawUnemployment();
if (economy.sectors !== undefined) drawSectors();
console.log(drawn.join("\n"));
