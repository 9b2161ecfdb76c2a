// The program that answers in place of a model: it reads what its commands found and decides what to do next.
// Read it as a log of what a careful agent does; AGENTS.md and JOIN.md are what a real model is told.
import { dialogue, run } from "@cofferdam/scripted-model/program";
import { join } from "./model/join.mjs";
import { readRecords } from "./model/work.mjs";

export default dialogue(function* () {
  const found = yield* run("find inputs tasks -type f 2>/dev/null | LC_ALL=C sort", {
    text: "First I look at what is here.",
  });
  const files = found.output.split("\n").filter((line) => line !== "");
  const results = files.filter((file) => file.startsWith("tasks/"));
  if (results.length > 0) return yield* join(results);
  return yield* readRecords(files);
});
