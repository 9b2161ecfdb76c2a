import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "./machine.ts";
import { type ProcessRecord, send } from "./process-record.ts";

interface RunningRecord {
  readonly boot: string;
  readonly processes: readonly ProcessRecord[];
}

/** Notes what was started, so that a later life of the broker can end it without mistaking anyone else's process. */
export function noteRunning(folder: string, key: string, processes: readonly ProcessRecord[]): void {
  const record: RunningRecord = { boot: bootId(), processes };
  writeFileSync(join(folder, key), JSON.stringify(record));
}

export function forgetRunning(folder: string, key: string): void {
  rmSync(join(folder, key), { force: true });
}

/** Kills what the notes name, if it still runs. */
export function killRunning(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const record = parse(readFileSync(join(folder, name), "utf8"));
    if (record?.boot !== bootId()) continue;
    for (const process of record.processes) send(process, 9);
  }
}

/** A note that was being written when the machine died names nothing that lives. */
function parse(text: string): RunningRecord | undefined {
  try {
    return JSON.parse(text) as RunningRecord;
  } catch {
    return undefined;
  }
}
