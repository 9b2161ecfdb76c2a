// The words of the report, made of the figures that the scripts printed.
const percent = (v, digits = 1) => `${(v * 100).toFixed(digits).replace("-", "−")} %`;
const billions = (v) => `$${Math.round(v).toLocaleString("en")} billion`;
const fileOf = (found, role) => found[role].path.split("/").at(-1);

export function narrate({ found, market, stocks, economy, doubts, steps }) {
  const sections = [aboutIndex(market), aboutYears(market), aboutStocks(stocks)];
  if (economy.receipts) sections.push(aboutReceipts(economy.receipts));
  if (economy.forecasts) sections.push(aboutForecasts(economy.forecasts));
  if (economy.unemployment) sections.push(aboutJobs(economy.unemployment));
  if (economy.sectors) sections.push(aboutSectors(economy.sectors));
  const [from, to] = [market.whole.first.date.slice(0, 4), market.whole.last.date.slice(0, 4)];
  return {
    title: `Markets, public money and jobs, ${from} to ${to}`,
    lead: { text: leadText(market, stocks), figures: leadFigures(market, stocks, economy) },
    sections,
    doubts: [...doubts, ...moreDoubts(found, market, stocks, economy)],
    method: [...method(market), ...steps],
  };
}

const byReturn = (stocks) => stocks.summary.toSorted((a, b) => b.total_return - a.total_return);

function leadText({ whole, deepest }, stocks) {
  const [best] = byReturn(stocks);
  return (
    `From ${whole.first.date} to ${whole.last.date} the index went from ${whole.first.close.toFixed(0)} to ${whole.last.close.toFixed(0)}, ` +
    `${percent(whole.growth)} a year, and lost ${percent(-deepest.depth, 0)} on the way. ` +
    `Of the stocks, ${best.symbol} did best: ${percent(best.total_return, 0)} from ${best.from} to ${best.to}.`
  );
}

function leadFigures({ whole, deepest, worst }, stocks, { receipts, unemployment }) {
  const [best] = byReturn(stocks);
  return [
    {
      value: percent(whole.growth),
      label: `growth of the index a year, without dividends, over ${whole.days.toLocaleString("en")} days`,
    },
    { value: percent(deepest.depth, 0), label: `deepest fall, ${deepest.peak} to ${deepest.trough}` },
    { value: percent(worst.return, 0), label: `worst year, ${worst.year}` },
    { value: percent(best.annual_growth, 0), label: `a year for ${best.symbol}, ${best.from} to ${best.to}` },
    ...(receipts?.y2014
      ? [
          {
            value: billions(receipts.y2014.Total),
            label: "federal receipts in 2014, the last year that is not an estimate",
          },
        ]
      : []),
    ...(unemployment
      ? [
          {
            value: `${unemployment.highest.last_rate} %`,
            label: `unemployment in ${unemployment.highest.industry.toLowerCase()}, ${unemployment.last}`,
          },
        ]
      : []),
  ];
}

const aboutIndex = ({ whole, deepest }) => ({
  title: "The index and its falls",
  text: [
    `Whoever held the index over these ${whole.days.toLocaleString("en")} trading days gained ${percent(whole.totalReturn)} in all. ` +
      `The deepest fall began on ${deepest.peak} and reached ${percent(deepest.depth)} on ${deepest.trough}; ` +
      (deepest.recovery === ""
        ? "the old peak was not reached again."
        : `the old peak was reached again on ${deepest.recovery}.`),
  ],
  charts: ["index"],
  tables: [{ name: "index-falls" }],
});

const aboutYears = ({ best, worst, years, whole }) => ({
  title: "Year by year",
  text: [
    `The best of the ${years} years was ${best.year} with ${percent(best.return)}, the worst ${worst.year} with ${percent(worst.return)}: ` +
      `in that year the index moved with a volatility of ${percent(worst.volatility, 0)}, against ${percent(whole.volatility, 0)} over the whole time.`,
  ],
  charts: ["index-years"],
  tables: [{ name: "index-years" }],
});

function aboutStocks(stocks) {
  const ranked = byReturn(stocks);
  const [best, last] = [ranked[0], ranked.at(-1)];
  const deepest = stocks.summary.toSorted((a, b) => a.deepest_fall - b.deepest_fall)[0];
  const late = stocks.summary
    .filter((s) => s.from !== stocks.summary[0].from)
    .map((s) => `${s.symbol} begins in ${s.from}`);
  return {
    title: "The stocks",
    text: [
      `${best.symbol} returned ${percent(best.total_return, 0)}, or ${percent(best.annual_growth)} a year; ${last.symbol} ${percent(last.total_return, 0)}. ` +
        `Even good stocks fell far: ${deepest.symbol} lost ${percent(-deepest.deepest_fall, 0)} from its peak before it came back.`,
      ...(late.length > 0
        ? [`${late.join(", ")}, so the chart and the correlations begin where all have prices.`]
        : []),
    ],
    charts: ["stocks"],
    tables: [
      {
        name: "stocks",
        columns: [
          "symbol",
          "from",
          "to",
          "total_return",
          "annual_growth",
          "volatility",
          "deepest_fall",
          "best_month",
          "best_return",
          "worst_month",
          "worst_return",
        ],
      },
      { name: "stocks-correlations" },
    ],
  };
}

const share = (row, name) => percent(row[name] / row.Total, 0);

function aboutReceipts({ first, y2014 }) {
  const kinds = ["Individual Income Taxes", "Social Insurance Taxes and Contributions", "Corporation Income Taxes"];
  const words = kinds.map((k) => `${k.toLowerCase()} from ${share(first, k)} to ${share(y2014, k)}`);
  return {
    title: "What the state took in",
    text: [
      `Receipts grew from ${billions(first.Total)} in ${first.year} to ${billions(y2014.Total)} in 2014. Their parts shifted: ${words.join(", ")}.`,
    ],
    charts: ["receipts"],
    tables: [{ name: "receipts", every: 6 }],
  };
}

function aboutForecasts(rows) {
  const [near, far] = [rows.find((r) => r.years_ahead === 1), rows.find((r) => r.years_ahead === 5) ?? rows.at(-1)];
  return {
    title: "What budgets promised",
    text: [
      `A forecast one year ahead was wrong by $${(near.mean_absolute_miss * 1000).toFixed(0)} billion on average, one ${far.years_ahead} years ahead by $${(far.mean_absolute_miss * 1000).toFixed(0)} billion, ` +
        `and ${far.too_optimistic} of those ${far.forecasts} saw more money than there was.`,
    ],
    charts: ["budget-forecasts"],
    tables: [{ name: "budget-forecasts" }],
  };
}

const aboutJobs = ({ highest, lowest, industries, last }) => ({
  title: "Who lost work",
  text: [
    `In ${last} unemployment in ${highest.industry.toLowerCase()} stood at ${highest.last_rate} %, after ${highest.lowest_rate} % at its lowest in ${highest.lowest_month}. ` +
      `Of the ${industries} industries ${lowest.industry.toLowerCase()} had the least, ${lowest.last_rate} %.`,
  ],
  charts: ["unemployment"],
  tables: [{ name: "unemployment" }],
});

const aboutSectors = ({ count, total, top, withoutValue }) => ({
  title: "The companies of today",
  text: [
    `The listed companies are worth ${billions(total)} in ${count} sectors. ${top[0].sector} alone make up ${percent(top[0].share, 0)}, led by ${top[0].largest}. ` +
      `${withoutValue} companies have no market value and are left out.`,
  ],
  charts: ["sectors"],
  tables: [{ name: "sectors", limit: 14 }],
});

function moreDoubts(found, { agrees, assumed }, stocks, { sectors, receipts, forecasts }) {
  const seen = agrees[assumed];
  return [
    ...(seen.months > 0
      ? [
          `${fileOf(found, "monthlyIndex")} dates its prices to the first of the month; in ${Math.round(seen.share * seen.months)} of ${seen.months} months they are closes of its ${assumed}. The stocks, which are dated alike, were read the same way.`,
          ...(seen.except.length > 0
            ? [
                `It differs in ${seen.except.join(", ")}: a last month that differs was not over when the file was made.`,
              ]
            : []),
        ]
      : []),
    "Index and stocks are prices: dividends are not in them.",
    ...(receipts
      ? ["Receipts after 2014 are estimates of the budget that the file is from; dollars are those of their year."]
      : []),
    ...(forecasts
      ? [
          "Forecasts are compared with the figure in the newest budget that has the year, which may itself have been revised later. The file does not say whether its dollars are adjusted for prices.",
        ]
      : []),
    ...(sectors?.shareClasses > 0
      ? [
          `${sectors.shareClasses} companies stand in the table with two classes of shares, each time with their whole value; they were counted once.`,
        ]
      : []),
    ...(sectors?.implausible.length > 0
      ? [
          `The market value of ${sectors.implausible.join(", ")} is less than a thousandth of the median: most likely a slip of the unit. It was left as it is.`,
        ]
      : []),
  ];
}

const method = ({ assumed }) => [
  "Returns of a year: last close over the last close of the year before; the first year begins with its first close.",
  "Volatility: sample standard deviation of logarithmic returns, times √252 for days and √12 for months.",
  `Monthly prices were taken to be of the ${assumed} of their month, as the daily series shows.`,
];
