// The program that answers in place of a model: it looks at the files, decides by what it finds, writes scripts and runs
// them. Read it as a log of what a careful agent does; AGENTS.md is what a real model is told.
import { readFileSync } from "node:fs";
import { dialogue, patch, run, write } from "@cofferdam/scripted-model/program";
import { narrate } from "./model/narrative.mjs";
import { findDoubts, findRoles, parseProfile, required } from "./model/roles.mjs";

const script = (name) => readFileSync(new URL(`scripts/${name}.mjs`, import.meta.url), "utf8");
const wrote = (name, content, text) => write(`work/${name}`, content, text);

/** Ends the conversation with words, when going on would mean inventing. */
class Stop extends Error {}

/** Runs one script or several in turn, and gives what they print. */
function* runScript(names, text) {
  const command = [names]
    .flat()
    .map((name) => `node work/${name}.mjs`)
    .join(" && ");
  const result = yield* run(command, { text });
  if (result.exitCode !== 0) throw new Stop(`«${command}» failed:\n${result.output.slice(-1_500)}`);
  return result.output;
}
const lastJson = (output) => JSON.parse(output.split("\n").findLast((line) => line.startsWith("{")));

export default dialogue(function* () {
  try {
    return yield* compile();
  } catch (error) {
    if (error instanceof Stop) return `I stop here and publish nothing as finished. ${error.message}`;
    throw error;
  }
});

function* compile() {
  const look =
    'find inputs/data -type f -printf \'%P %s bytes\\n\' | sort; for f in $(find inputs/data -type f | sort); do echo; echo "== $f"; head -c 300 "$f"; done';
  yield* run(look, { text: "First I look at which files there are and how they begin." });

  yield* wrote(
    "profile.mjs",
    script("profile"),
    "Dates and numbers are written in different ways. A profile of every column will tell.",
  );
  const profile = parseProfile(yield* runScript("profile", "Now I read every file whole."));
  const found = findRoles(profile);
  const lacking = required.filter((role) => found[role] === undefined);
  if (lacking.length > 0) throw new Stop(`There is no file that could be ${lacking.join(" or ")}.`);

  const formats = Object.entries(found).map(
    ([role, f]) => `${role}${f.dateFormat === undefined ? "" : ` (${f.dateFormat})`}`,
  );
  const series = script("series").replace(
    "export const found = {};",
    `export const found = ${JSON.stringify(found, undefined, 2)};`,
  );
  yield* wrote(
    "series.mjs",
    series,
    `I found ${formats.join(", ")}. One module reads them all and holds the formulas.`,
  );

  const market = yield* indexFigures();
  yield* wrote("stocks.mjs", script("stocks"), "Next the stocks, with the same reading of monthly prices.");
  const stocks = lastJson(yield* runScript("stocks", "Returns, falls and correlations of the stocks."));

  const sources = ["receipts", "forecasts", "industries", "companies"].filter((role) => found[role] !== undefined);
  const economy = sources.length === 0 ? {} : yield* economyFigures(sources);

  yield* wrote("chart.mjs", script("chart"), "For the charts: scales, axes and marks as SVG.");
  const drawings = ["charts-markets", ...(sources.length === 0 ? [] : ["charts-economy"])];
  for (const name of drawings) {
    yield* wrote(`${name}.mjs`, script(name), "And a drawing for each table that a reader will want to see.");
  }

  const doubts = findDoubts(profile, found);
  const steps = ["Every table was read again and compared with the raw files by other ways than it was computed."];
  const narrative = narrate({ found, market, stocks, economy, doubts, steps });
  yield* wrote(
    "narrative.json",
    `${JSON.stringify(narrative, undefined, 1)}\n`,
    "The findings in words, each with the figure that the scripts printed.",
  );
  yield* wrote("report.mjs", script("report"), "Words, charts and tables become one page and a summary.");
  yield* wrote("check.mjs", script("check"), "Before I call it done, a second way to every important figure.");
  yield* runScript([...drawings, "report"], "I draw the charts and put the report together.");
  const checks = yield* runScript("check", "And check it against the raw data.");

  const verdict = checks.trim().split("\n").at(-1);
  return `${narrative.lead.text} The report is in report/: ${narrative.sections.length} sections with charts and tables, ${verdict}. ${narrative.doubts.length} doubts about the data are listed in it.`;
}

function* economyFigures(sources) {
  yield* wrote("economy.mjs", script("economy"), `Of the other files I use ${sources.join(", ")}.`);
  return lastJson(yield* runScript("economy", "Receipts, forecasts, unemployment and what else there is."));
}

/** The index. The first try tells which day monthly prices are of; where that is not what was assumed, it is mended. */
function* indexFigures() {
  yield* wrote(
    "market.mjs",
    script("market"),
    "The index first: its daily closes also tell which day the monthly prices are of.",
  );
  const tried = yield* run("node work/market.mjs", {
    text: "Do monthly prices agree with the first day of their month?",
  });
  if (tried.exitCode === 0) return lastJson(tried.output);
  const { agrees, better, assumed } = lastJson(tried.output);
  if (better === assumed) throw new Stop(`work/market.mjs failed:\n${tried.output.slice(-1_500)}`);
  const share = (day) => `${(agrees[day].share * 100).toFixed(0)} %`;
  yield* patch(
    "work/series.mjs",
    `@@\n-export const MONTHLY_PRICE_IS_OF = "${assumed}";\n+export const MONTHLY_PRICE_IS_OF = "${better}";\n`,
    `They agree with the ${assumed} in ${share(assumed)} of the months and with the ${better} in ${share(better)}. I mend my assumption, since every yearly return hangs on it.`,
  );
  return lastJson(yield* runScript("market", "Again, with the right day."));
}
