// The stocks: summary, calendar years, correlations.
import {
  closingYear,
  deepestFall,
  deviation,
  keep,
  logReturns,
  mean,
  number,
  read,
  returns,
  writeTable,
} from "./series.mjs";

const bySymbol = Map.groupBy(
  read("stocks").map((r) => ({ symbol: r.symbol, date: r.date, price: number(r.price) })),
  (r) => r.symbol,
);

const summary = [];
const years = [];
for (const [symbol, list] of bySymbol) {
  list.sort((a, b) => a.date.localeCompare(b.date));
  const prices = list.map((r) => r.price);
  const monthly = returns(prices);
  const at = (value) => list[monthly.indexOf(value) + 1].date.slice(0, 7);
  const [best, worst] = [Math.max(...monthly), Math.min(...monthly)];
  summary.push({
    symbol,
    from: list[0].date.slice(0, 7),
    to: list.at(-1).date.slice(0, 7),
    months: list.length,
    first_price: prices[0],
    last_price: prices.at(-1),
    total_return: prices.at(-1) / prices[0] - 1,
    annual_growth: (prices.at(-1) / prices[0]) ** (12 / (prices.length - 1)) - 1,
    volatility: deviation(logReturns(prices)) * Math.sqrt(12),
    deepest_fall: deepestFall(prices),
    best_month: at(best),
    best_return: best,
    worst_month: at(worst),
    worst_return: worst,
  });
  const closings = list.map((r) => ({ year: closingYear(r.date), price: r.price })).filter((r) => r.year !== undefined);
  closings.slice(1).forEach((r, i) => years.push({ symbol, year: r.year, return: r.price / closings[i].price - 1 }));
}

const symbols = [...bySymbol.keys()];
const shared = [...bySymbol.get(symbols[0])]
  .map((r) => r.date)
  .filter((date) => symbols.every((s) => bySymbol.get(s).some((r) => r.date === date)));
const common = new Map(
  symbols.map((s) => [
    s,
    logReturns(
      bySymbol
        .get(s)
        .filter((r) => shared.includes(r.date))
        .map((r) => r.price),
    ),
  ]),
);

function correlation(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  const product = a.reduce((sum, v, i) => sum + (v - ma) * (b[i] - mb), 0);
  return product / ((a.length - 1) * deviation(a) * deviation(b));
}
const correlations = symbols.map((s) => ({
  symbol: s,
  ...Object.fromEntries(symbols.map((t) => [t, s === t ? 1 : correlation(common.get(s), common.get(t))])),
}));

writeTable("stocks", summary);
writeTable("stocks-years", years);
writeTable("stocks-correlations", correlations);
keep("stocks", {
  series: Object.fromEntries(bySymbol),
  summary,
  years,
  correlations,
  shared: [shared[0], shared.at(-1), shared.length],
});
console.log(JSON.stringify({ summary, shared: [shared[0], shared.at(-1), shared.length] }));
