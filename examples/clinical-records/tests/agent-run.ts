import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { localExecutor, runScript } from "@cofferdam/scripted-model";

const MODEL = join(import.meta.dirname, "..", "model.mjs");

/** An encounter as the agent wrote it: fits encounter.schema.json. */
export interface Encounter {
  readonly source: string;
  readonly section: string;
  readonly kind: string;
  readonly status: string;
  readonly start: string | null;
  readonly end: string | null;
  readonly title: string | null;
  readonly place: string | null;
  readonly clinicians: readonly string[];
  readonly reasons: readonly string[];
  readonly diagnoses: readonly string[];
  readonly bytes: { readonly start: number; readonly end: number };
  readonly lines: { readonly first: number; readonly last: number };
}

/** What the agent left of one record. */
export interface ReadRecord {
  /** Path in the input. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly encounters: readonly Encounter[];
  readonly record: { readonly encounters: number; readonly skipped: number; readonly reason: string | null };
  /** Its closing words. */
  readonly said: string;
  /** The repairs and other things that it said on the way. */
  readonly turns: readonly string[];
  /** Its `out/` folder. */
  readonly out: string;
}

export interface ReadFolder {
  readonly records: readonly ReadRecord[];
  dispose(): Promise<void>;
}

const AT_ONCE = 4;

/** Has the scripted agent read every file of a folder, each in a workspace of its own, as the fan-out does. */
export async function readFolder(folder: string): Promise<ReadFolder> {
  const scratch = await mkdtemp(join(tmpdir(), "clinical-records-"));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((each) => each.isFile())
    .map((each) => relative(folder, join(each.parentPath, each.name)));
  const queue = names.sort().entries();
  const records: ReadRecord[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, name] of queue)
      records[index] = await readOne(join(folder, name), name, join(scratch, String(index)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { records, dispose: () => rm(scratch, { recursive: true, force: true }) };
}

export async function readOne(file: string, name: string, directory: string): Promise<ReadRecord> {
  const copy = join(directory, "inputs", "records", name);
  await mkdir(dirname(copy), { recursive: true });
  await cp(file, copy);
  const run = await runScript(MODEL, { execute: localExecutor({ directory }) });
  const out = join(directory, "out");
  const [record] = await jsonLines<ReadRecord["record"]>(join(out, "records.jsonl"));
  if (record === undefined) throw new Error(`no record about ${name}`);
  return {
    name,
    bytes: await readFile(file),
    encounters: await jsonLines<Encounter>(join(out, "encounters.jsonl")),
    record,
    said: run.text,
    turns: run.conversation.turns.map((turn) => turn.text),
    out,
  };
}

/** Has the scripted agent unite what was read, as the join task does. */
export async function joinRecords(
  records: readonly ReadRecord[],
  directory: string,
): Promise<{ said: string; out: string }> {
  for (const [index, record] of records.entries()) {
    await cp(record.out, join(directory, "tasks", `t${String(index + 1).padStart(3, "0")}`, "out"), {
      recursive: true,
    });
  }
  const run = await runScript(MODEL, { execute: localExecutor({ directory }) });
  return { said: run.text, out: join(directory, "out") };
}

export async function jsonLines<T>(file: string): Promise<T[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as T);
}
