// Counts by plain search what lists an encounter: node count.mjs <record>. No parser, so that it cannot share a
// mistake with one.
import { readFileSync } from "node:fs";

const text = readFileSync(process.argv[2], "latin1").replace(/\r/g, "");

function inText() {
  const labels = {
    "VA APPOINTMENTS": /^Date\/Time:/gm,
    "VA ADMISSIONS AND DISCHARGES": /^Admission Date/gm,
    "VA NOTES": /^Date\/Time:/gm,
    "VA RADIOLOGY REPORTS": /^Procedure\/Test Name:/gm,
    "VA ELECTROCARDIOGRAM (EKG) REPORTS": /^Procedure\/Test Name:/gm,
  };
  const parts = text.split(/^-{5,} ?([A-Z][A-Za-z ,:()/&-]*?) ?-{5,} *$/m);
  let count = 0;
  for (let at = 1; at < parts.length; at += 2) count += parts[at + 1].match(labels[parts[at]] ?? /(?!)/g)?.length ?? 0;
  return count;
}

function inXml() {
  let count = 0;
  for (const section of text
    .replace(/<!--[\s\S]*?-->/g, "")
    .split(/<(?:\w+:)?section\b/)
    .slice(1)) {
    const code = /<(?:\w+:)?code\b[^>]*?\bcode="([^"]+)"/.exec(section)?.[1];
    const entries = (names) =>
      [...section.matchAll(new RegExp(`<(?:\\w+:)?entry\\b[^>]*>\\s*<(?:\\w+:)?(?:${names})\\b([^>]*)>`, "g"))].map(
        (match) => match[1],
      );
    if (code === "46240-8") {
      const coded = entries("encounter").length;
      count +=
        coded > 0
          ? coded
          : (section.match(/<tr\b[^>]*>\s*<td\b[\s\S]*?<\/tr>/g) ?? []).filter((row) => /\d{4}/.test(row)).length;
    }
    if (code === "18776-5")
      count += entries("encounter").filter((attributes) =>
        /moodCode="(?:INT|RQO|ARQ|APT|PRMS|PRP)"/.test(attributes),
      ).length;
    if (code === "47519-4")
      count += entries("procedure|observation|act").filter((attributes) => /moodCode="EVN"/.test(attributes)).length;
  }
  return count;
}

console.log(/<(?:\w+:)?ClinicalDocument\b/.test(text) ? inXml() : inText());
