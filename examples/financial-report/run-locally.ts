import { cpSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localExecutor, runScript, type ScriptRun } from "@cofferdam/scripted-model";

/** What a run of the scripted model left, without services and without a sandbox. */
export interface LocalRun {
  readonly directory: string;
  readonly text: string;
  /** Tool calls, in their order. */
  readonly steps: ScriptRun["conversation"]["turns"][number]["results"];
  /** A table of the report: a record per row. */
  table(name: string): Record<string, string>[];
  read(path: string): string;
}

/** Carries out the example's conversation in a folder of its own, with a copy of `data` as its input. */
export async function runLocally(data: string): Promise<LocalRun> {
  const directory = mkdtempSync(join(tmpdir(), "cofferdam-report-"));
  mkdirSync(join(directory, "inputs"));
  cpSync(data, join(directory, "inputs/data"), { recursive: true });
  const run = await runScript(join(import.meta.dirname, "model.mjs"), { execute: localExecutor({ directory }) });
  const read = (path: string) => readFileSync(join(directory, path), "utf8");
  return {
    directory,
    text: run.text,
    steps: run.conversation.turns.flatMap((turn) => turn.results),
    table: (name) => parseCsv(read(`report/tables/${name}.csv`)),
    read,
  };
}

/** A CSV reader of the tests' own: character by character, so that it shares no mistake with the agent's. */
export function parseCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[""]];
  let quoted = false;
  for (const c of text.trimEnd()) {
    const row = rows.at(-1) ?? [];
    if (c === '"') quoted = !quoted;
    else if (c === "," && !quoted) row.push("");
    else if (c === "\n" && !quoted) rows.push([""]);
    else if (c !== "\r") row.push(`${row.pop() ?? ""}${c}`);
  }
  const [header = [], ...body] = rows;
  return body.map((cells) => Object.fromEntries(header.map((name, i) => [name, cells[i] ?? ""])));
}
