import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoredMessage } from "../fold.ts";
import { type LogKey, parseLogName, Team } from "../log-key.ts";
import type { RunState } from "../state.ts";

/** Recorded logs of each release; every later version must fold them to the same states. */
export const goldenDir = fileURLToPath(new URL("../../golden", import.meta.url));

export interface GoldenLog {
  readonly version: string;
  readonly name: string;
  readonly key: LogKey;
  /** One message a line, void ones too. */
  readonly messages: readonly StoredMessage[];
  readonly state: Record<string, unknown>;
}

export function readGolden(): GoldenLog[] {
  return readdirSync(goldenDir).flatMap((version) =>
    readdirSync(join(goldenDir, version))
      .filter((file) => file.endsWith(".jsonl"))
      .map((file) => read(version, file.slice(0, -".jsonl".length))),
  );
}

function read(version: string, name: string): GoldenLog {
  const text = readFileSync(join(goldenDir, version, `${name}.jsonl`), "utf8");
  const { team, log, state } = JSON.parse(readFileSync(join(goldenDir, version, `${name}.state.json`), "utf8")) as {
    team: string;
    log: string;
    state: Record<string, unknown>;
  };
  const messages = text
    .trimEnd()
    .split("\n")
    .map((line, i) => ({ sequence: i + 1, bytes: Buffer.from(line) }));
  return { version, name, key: parseLogName(Team(team), log), messages, state };
}

/** A state as JSON: maps as lists of pairs, sets as lists, absent values left out. */
export const plainState = (state: RunState): unknown =>
  JSON.parse(
    JSON.stringify(state, (_key, value: unknown) =>
      value instanceof Map || value instanceof Set ? [...value] : value,
    ),
  );
