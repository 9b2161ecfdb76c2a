// Draws receipts, forecasts, unemployment and sectors, as far as there are figures.
import {
  area,
  box,
  colors,
  drawing,
  figures,
  fileOf,
  line,
  linear,
  plot,
  rule,
  save,
  text,
  ticks,
  xAxis,
  yAxis,
  yearTicks,
} from "./chart.mjs";

const economy = figures("economy");

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
        source: fileOf("receipts"),
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
        source: fileOf("forecasts"),
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
        source: fileOf("industries"),
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
        source: fileOf("companies"),
        height: 76 + rows.length * 23 + 36,
      },
      marks,
    ),
  );
}

if (economy.receipts !== undefined) drawReceipts();
if (economy.forecasts !== undefined) drawForecasts();
if (economy.unemployment !== undefined) drawUnemployment();
if (economy.sectors !== undefined) drawSectors();
