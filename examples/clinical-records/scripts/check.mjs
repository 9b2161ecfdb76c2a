// Reads the record again at the places that the extractor named: node check.mjs <record> <encounters expected>
// It knows nothing of how the extractor works. Prints {"ok", "problems"}; exit code 1 when something is wrong.
import { readFileSync } from "node:fs";

const [file, expected] = process.argv.slice(2);
const record = readFileSync(file);
const encounters = readFileSync("out/encounters.jsonl", "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line));

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const problems = [];
const report = (code, each, what) =>
  problems.push({ code, what, bytes: each === undefined ? null : [each.bytes.start, each.bytes.end] });

// How a moment may be written in a record: 20130125, 25 Jan 2013, 01/25/2013, 2013-01-25, Jan 25, 2013 …
function spellings(moment) {
  const [year, month, day] = moment.slice(0, 10).split("-");
  if (month === undefined) return [year];
  if (day === undefined) return [year + month];
  const name = MONTHS[Number(month) - 1];
  const plain = String(Number(day));
  return [
    year + month + day,
    `${day}-${name}-${year}`,
    `${month}-${day}-${year}`,
    `${day} ${name} ${year}`,
    `${plain} ${name} ${year}`,
    `${month}/${day}/${year}`,
    `${year}-${month}-${day}`,
    `${name} ${day}, ${year}`,
    `${name} ${plain}, ${year}`,
  ];
}

const lineOf = (offset) => {
  let count = 1;
  for (let at = record.indexOf(10); at >= 0 && at < offset; at = record.indexOf(10, at + 1)) count += 1;
  return count;
};

// Whether one of the ids that an entry's type refers to marks a place where words begin.
function refersToWords(slice) {
  const about = /<(?:\w+:)?originalText>\s*<(?:\w+:)?reference\s[^>]*value="#([^"]+)"/.exec(slice)?.[1];
  return about !== undefined && new RegExp(`ID="${about}"[^>]*>\\s*[^<\\s]`).test(record.toString("utf8"));
}

let previous = { bytes: { end: 0 } };
for (const each of [...encounters].sort((a, b) => a.bytes.start - b.bytes.start)) {
  const { start, end } = each.bytes;
  if (!(start >= 0 && start < end && end <= record.length)) {
    report("RANGE_OUTSIDE", each, `bytes ${start} to ${end} of ${record.length}`);
    continue;
  }
  const slice = record.subarray(start, end).toString("utf8");
  if (start < previous.bytes.end) report("RANGE_OVERLAPS", each, "it begins before the one before it ends");
  if (slice.trim() !== slice) report("RANGE_LOOSE", each, "it begins or ends with white space");
  if (lineOf(start) !== each.lines.first || lineOf(end - 1) !== each.lines.last)
    report("LINES_WRONG", each, "bytes and lines differ");
  if (each.start === null) {
    // A coded entry may really have no date; a text entry never.
    if (!slice.startsWith("<") || /<(?:\w+:)?(?:effectiveTime|low|center)\s[^>]*value="\d/.test(slice))
      report("NO_DATE", each, slice.slice(0, 120));
  } else if (!spellings(each.start).some((spelling) => slice.includes(spelling))) {
    report("DATE_NOT_THERE", each, `${each.start} does not stand in its range`);
  }
  if (each.end !== null && each.start !== null && each.end < each.start)
    report("ENDS_BEFORE_START", each, `${each.start} to ${each.end}`);
  if (each.title === null && refersToWords(slice)) report("TITLE_MISSING", each, "it refers to words elsewhere");
  if (/^<[^>]*negationInd="true"/.test(slice)) report("SAYS_NOTHING", each, "it is negated");
  else if (/^(no|none|not)\b/i.test(each.title ?? "")) report("SAYS_NOTHING", each, each.title);
  else if (each.title === null && each.start === null) report("SAYS_NOTHING", each, "it has neither a date nor a word");
  previous = each;
}
const { skipped } = JSON.parse(readFileSync("out/records.jsonl", "utf8"));
const listed = encounters.filter((each) => each.section !== "Document header").length;
if (listed + skipped !== Number(expected)) {
  report(
    "COUNT_DIFFERS",
    undefined,
    `${listed} were extracted and ${skipped} left out, a plain search finds ${expected}`,
  );
}
console.log(
  JSON.stringify({ ok: problems.length === 0, encounters: encounters.length, problems: problems.slice(0, 20) }),
);
process.exitCode = problems.length === 0 ? 0 : 1;
