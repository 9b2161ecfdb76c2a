// Draws the index and the stocks.
import {
  area,
  box,
  colors,
  drawing,
  endLabels,
  figures,
  fileOf,
  line,
  linear,
  log,
  percent,
  plot,
  rule,
  save,
  text,
  ticks,
  xAxis,
  yAxis,
  yearTicks,
  years,
} from "./chart.mjs";
import { MONTHLY_PRICE_IS_OF } from "./series.mjs";

const [market, stocks] = [figures("market"), figures("stocks")];

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
        source: fileOf("dailyIndex"),
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
    drawing({ title: "The index year by year", subtitle, source: fileOf("dailyIndex") }, [
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
        source: fileOf("stocks"),
      },
      marks,
    ),
  );
}

drawIndex();
drawIndexYears();
drawStocks();
