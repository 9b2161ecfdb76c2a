import { readFileSync } from "node:fs";
import { run, write } from "@cofferdam/scripted-model/program";
import { counted } from "./counted.mjs";

const SCRIPT = readFileSync(new URL("../scripts/join.mjs", import.meta.url), "utf8");

/** The task after all others: one table out of many, and a page for people. */
export function* join(files) {
  const folders = [...new Set(files.map((file) => file.split("/").slice(0, 2).join("/")))];
  const arrived = yield* run("cat tasks/*/out/records.jsonl | wc -l; cat tasks/*/out/encounters.jsonl | wc -l", {
    text: `${folders.length} tasks left results. I count them before I touch them.`,
  });
  const [records, encounters] = arrived.output.trim().split(/\s+/).map(Number);
  yield* write(
    "work/join.mjs",
    SCRIPT,
    "I write a script that unites them, in an order that does not depend on who was first, and holds each record's count against its lines.",
  );
  const result = yield* run("node work/join.mjs tasks/*");
  const line = result.output.split("\n").findLast((each) => each.startsWith('{"ok"'));
  if (line === undefined) return `I could not unite the results: ${result.output.trim().split("\n").at(-1)}`;
  const united = JSON.parse(line);
  const lost = united.records !== records || united.encounters !== encounters;
  if (!united.ok || lost) {
    const why = lost ? [`${encounters} encounters came in, ${united.encounters} went out`] : united.problems;
    return `The results do not add up: ${why.join("; ")}.`;
  }
  yield* run("grep -c '<section' out/summary.html; wc -lc out/encounters.jsonl out/records.jsonl out/summary.html", {
    text: "It adds up. I look at the files once more.",
  });
  const kinds = Object.entries(united.kinds).map(([kind, count]) => counted(count, kind));
  const empty = united.empty.length === 0 ? "" : ` Without encounters: ${united.empty.join("; ")}.`;
  return `${united.encounters} encounters in ${united.records} records (${kinds.join(", ")}); the page is out/summary.html.${empty}`;
}
