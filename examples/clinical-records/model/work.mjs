import { readFileSync } from "node:fs";
import { run, write, createFile } from "@cofferdam/scripted-model/program";
import { counted } from "./counted.mjs";
import { cdaRepairs, vaTextRepairs } from "./repairs.mjs";

const script = (name) => readFileSync(new URL(`../scripts/${name}`, import.meta.url), "utf8");

/** What to do about each kind of record. `looks` recognises it by how it begins. */
const KINDS = [
  {
    name: "VA Blue Button text",
    looks: (head) => /MY HEALTHEVET PERSONAL INFORMATION REPORT/.test(head),
    survey: (file) => `grep -nE '^-{5,} ?[A-Z]' ${file} | tr -d '\\r' | cut -c1-100`,
    extractor: script("extract-va-text.mjs"),
    repairs: vaTextRepairs,
  },
  {
    name: "HL7 CDA document",
    looks: (head) => /<(\w+:)?ClinicalDocument\b/.test(head),
    survey: (file) =>
      `grep -oE '<title>[^<]*' ${file} | cut -c8-80 | head -60; grep -oE 'code="(46240-8|18776-5|47519-4)"' ${file} | sort | uniq -c`,
    extractor: script("extract-cda.mjs"),
    repairs: cdaRepairs,
  },
];

/** Rounds of repair before the agent says that it cannot do it. */
const MAX_ROUNDS = 6;

export const quote = (text) => (/^[\w./@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** One task usually has one record; without fan-out it has all of them. */
export function* readRecords(files) {
  if (files.length === 0) return "There is no record in inputs/, so there is nothing to extract.";
  const said = [];
  for (const [index, file] of files.entries()) {
    said.push(yield* readRecord(file, index + 1));
    if (files.length > 1)
      yield* run(
        `mkdir -p work/done && for f in encounters records; do mv out/$f.jsonl work/done/${String(index).padStart(5, "0")}.$f.jsonl; done`,
      );
  }
  if (files.length > 1)
    yield* run("for f in encounters records; do cat work/done/*.$f.jsonl > out/$f.jsonl; done; wc -l out/*.jsonl");
  return said.join("\n");
}

function* readRecord(file, number) {
  const name = file.split("/").slice(2).join("/");
  const path = quote(file);
  const head = yield* run(
    `wc -lc ${path}; head -c 3000 ${path} | tr -d '\\r'; echo; grep -m1 -oE '<([a-z0-9]+:)?ClinicalDocument' ${path}`,
    {
      text: `I look at how ${name} begins.`,
    },
  );
  const kind = KINDS.find((each) => each.looks(head.output));
  if (kind === undefined) return yield* setAside(name, head, "neither a VA Blue Button text nor an HL7 CDA document");
  const survey = yield* run(kind.survey(path), { text: `It is a ${kind.name}. Which sections does it have?` });
  const work = `work/${number}`;
  yield {
    text: `${survey.output.split("\n").length} lines of structure. I write an extractor, a check that knows nothing of it, and a plain count to hold both against.`,
    calls: [
      createFile(`${work}/extract.mjs`, kind.extractor),
      createFile(`${work}/check.mjs`, script("check.mjs")),
      createFile(`${work}/count.mjs`, script("count.mjs")),
    ],
  };
  return yield* repairUntilRight({ kind, name, path, work });
}

function* repairUntilRight({ kind, name, path, work }) {
  const command = `node ${work}/extract.mjs ${path} ${quote(name)} && node ${work}/check.mjs ${path} "$(node ${work}/count.mjs ${path})"`;
  const applied = new Set();
  for (let round = 0; round <= MAX_ROUNDS; round += 1) {
    const result = yield* run(command, round === 0 ? {} : { text: "Once more." });
    const check = lastJson(result.output);
    if (check === undefined) return yield* setAside(name, result, reasonOf(result.output));
    if (check.ok) return yield* report(name);
    const shown = yield* run(evidence(check.problems, path), {
      text: `The check objects: ${summary(check.problems)}. I look at those places.`,
    });
    const repairs = kind.repairs.filter(
      (repair) => !applied.has(repair.name) && repair.when(check.problems, shown.output, applied),
    );
    if (repairs.length === 0) {
      return yield* setAside(name, result, `the check still objects and I do not see why: ${summary(check.problems)}`);
    }
    for (const repair of repairs) applied.add(repair.name);
    yield {
      text: repairs.map((repair) => repair.says).join(" "),
      calls: repairs.map((repair) => ({
        applyPatch: { type: "update_file", path: `${work}/extract.mjs`, diff: repair.diff },
      })),
    };
  }
  return yield* setAside(name, undefined, `the check still objects after ${MAX_ROUNDS} repairs`);
}

/** The last line that is a JSON object: what check.mjs printed. */
function lastJson(output) {
  const line = output.split("\n").findLast((each) => each.startsWith('{"ok"'));
  return line === undefined ? undefined : JSON.parse(line);
}

const summary = (problems) =>
  Object.entries(Object.groupBy(problems, (problem) => problem.code))
    .map(([code, all]) => `${all.length} × ${code}`)
    .join(", ");

/** The first bytes of up to six entries that the check objects to, of each kind of objection some. */
function evidence(problems, path) {
  const first = Object.values(Object.groupBy(problems, (problem) => problem.code)).flatMap((all) => all.slice(0, 3));
  const places = first.filter((problem) => problem.bytes !== null).slice(0, 6);
  if (places.length === 0) return `wc -l ${path} out/encounters.jsonl`;
  return places
    .map(
      ({ code, bytes: [from, to] }) =>
        `echo '--- ${code} at ${from}'; tail -c +${from + 1} ${path} | head -c ${Math.min(to - from, 1500)} | tr -d '\\r'; echo`,
    )
    .join("; ");
}

const reasonOf = (output) =>
  output
    .split("\n")
    .find((line) => /Error: /.test(line))
    ?.trim() ?? "the extractor printed nothing";

function* report(name) {
  const tallied = yield* run(`cat out/records.jsonl; grep -o '"kind":"[a-z]*"' out/encounters.jsonl | sort | uniq -c`, {
    text: "The check agrees: every range holds its date, nothing overlaps, and the count is that of the plain search.",
  });
  const record = JSON.parse(tallied.output.split("\n")[0]);
  const kinds = [...tallied.output.matchAll(/^\s*(\d+) "kind":"([a-z]+)"/gm)].map(([, count, kind]) =>
    counted(Number(count), kind),
  );
  const what = kinds.length > 0 ? kinds.join(", ") : record.reason;
  const left =
    record.skipped > 0
      ? `; ${record.skipped} ${record.skipped === 1 ? "entry says" : "entries say"} that there is nothing`
      : "";
  return `${counted(record.encounters, "encounter")} in ${name}: ${what}${left}.`;
}

/** A record that cannot be read yields no encounters, and says why. */
function* setAside(name, result, why) {
  const bytes = Number(/^\s*\d+\s+(\d+)\s/m.exec(result?.output ?? "")?.[1] ?? 0);
  const record = {
    source: name,
    format: "unknown",
    bytes,
    sections: [],
    encounters: 0,
    skipped: 0,
    reason: why,
    notes: [],
  };
  yield* run("mkdir -p out && rm -f out/records.jsonl && : > out/encounters.jsonl", {
    text: `I set ${name} aside: ${why}.`,
  });
  yield* write("out/records.jsonl", `${JSON.stringify(record)}\n`);
  return `0 encounters in ${name}: ${why}.`;
}
