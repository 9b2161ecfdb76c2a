import { readFileSync } from "node:fs";
import { errnoOf } from "./errno.ts";

/** A process that cannot be mistaken for a later one with the same id. */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks after boot: field 22 of /proc/<pid>/stat. */
  readonly startTicks: string;
}

/** Identity of a living process; undefined if there is none. */
export function recordOf(pid: number): ProcessRecord | undefined {
  const fields = statOf(pid);
  const startTicks = fields?.[19];
  return startTicks === undefined ? undefined : { pid, startTicks };
}

/** True if the very process still runs; a zombie does not. */
export function isAlive(record: ProcessRecord): boolean {
  const fields = statOf(record.pid);
  return fields !== undefined && fields[19] === record.startTicks && fields[0] !== "Z" && fields[0] !== "X";
}

/** Sends a signal to the very process, or to its process group; false if it is gone. */
export function send(record: ProcessRecord, signal: number, group = false): boolean {
  if (!isAlive(record)) return false;
  try {
    process.kill(group ? -record.pid : record.pid, signal);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** Fields of /proc/<pid>/stat after the name, which may contain anything; the first is the state. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // ENOENT or ESRCH: no such process.
    return undefined;
  }
}
