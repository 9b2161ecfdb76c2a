// The index: which day the monthly prices are of, the years, the deepest falls.
import {
  deepestFall,
  deviation,
  keep,
  logReturns,
  MONTHLY_PRICE_IS_OF,
  number,
  read,
  returns,
  writeTable,
} from "./series.mjs";

const days = read("dailyIndex").map((r) => ({ date: r.date, close: number(r.close) }));
const monthly = read("monthlyIndex") ?? [];

const byYear = Map.groupBy(days, (d) => d.date.slice(0, 4));
const byMonth = Map.groupBy(days, (d) => d.date.slice(0, 7));

/** Share of months whose monthly price is the close of that day, to a tenth of a percent. */
function agreement(pick) {
  const compared = monthly.filter((m) => byMonth.has(m.date.slice(0, 7)));
  const equal = compared.filter((m) => {
    const close = pick(byMonth.get(m.date.slice(0, 7))).close;
    return Math.abs(number(m.price) / close - 1) < 0.001;
  });
  const others = compared.filter((m) => !equal.includes(m)).map((m) => m.date.slice(0, 7));
  return { months: compared.length, share: equal.length / Math.max(1, compared.length), except: others.slice(0, 3) };
}
const agrees = { "first day": agreement((d) => d[0]), "last day": agreement((d) => d.at(-1)) };
const better = agrees["last day"].share > agrees["first day"].share ? "last day" : "first day";

let before = days[0].close;
const years = [...byYear].map(([year, list]) => {
  const closes = list.map((d) => d.close);
  const daily = returns([before, ...closes].slice(year === days[0].date.slice(0, 4) ? 1 : 0));
  const row = {
    year,
    days: list.length,
    last_close: closes.at(-1),
    return: closes.at(-1) / before - 1,
    volatility: deviation(daily.map((r) => Math.log(1 + r))) * Math.sqrt(252),
    deepest_fall: deepestFall(closes),
    best_day: Math.max(...daily),
    worst_day: Math.min(...daily),
  };
  before = closes.at(-1);
  return row;
});

/** Every fall from a peak to the day that reached the peak again. */
function falls() {
  const list = [];
  let peak = days[0];
  let trough = peak;
  const end = (recovery) => {
    if (trough !== peak) {
      const depth = trough.close / peak.close - 1;
      list.push({
        peak: peak.date,
        trough: trough.date,
        recovery,
        depth,
        peak_close: peak.close,
        trough_close: trough.close,
      });
    }
  };
  for (const day of days) {
    if (day.close >= peak.close) {
      end(day.date);
      [peak, trough] = [day, day];
    } else if (day.close < trough.close) trough = day;
  }
  end("");
  return list.sort((a, b) => a.depth - b.depth).slice(0, 5);
}

const deepest = falls();
writeTable("index-years", years);
writeTable("index-falls", deepest);
const closes = days.map((d) => d.close);
const span = (Date.parse(days.at(-1).date) - Date.parse(days[0].date)) / (365.25 * 86_400_000);
const whole = {
  first: days[0],
  last: days.at(-1),
  days: days.length,
  totalReturn: closes.at(-1) / closes[0] - 1,
  growth: (closes.at(-1) / closes[0]) ** (1 / span) - 1,
  volatility: deviation(logReturns(closes)) * Math.sqrt(252),
};
keep("market", { days, years, falls: deepest, whole, agrees, monthlyPriceIsOf: MONTHLY_PRICE_IS_OF });

const [best, worst] = [
  years.toSorted((a, b) => b.return - a.return)[0],
  years.toSorted((a, b) => a.return - b.return)[0],
];
console.log(
  JSON.stringify({
    agrees,
    assumed: MONTHLY_PRICE_IS_OF,
    better,
    whole,
    best,
    worst,
    deepest: deepest[0],
    years: years.length,
  }),
);
if (monthly.length > 0 && better !== MONTHLY_PRICE_IS_OF) {
  console.error(`monthly prices agree with the ${better} of the month, and ${MONTHLY_PRICE_IS_OF} is assumed`);
  process.exitCode = 1;
}
