import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { missing, ok, warn, type Finding } from "../finding.ts";

const MIB = 1 << 20;
const LEAST_DISK_MIB = 512;
const GOOD_DISK_MIB = 4_096;
const GOOD_MEMORY_MIB = 2_048;

/** Space where the state of runs is kept; `dir` need not exist yet. */
export async function probeDisk(dir: string): Promise<Finding> {
  const at = existing(dir);
  const { bavail, bsize } = await statfs(at);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  const detail = `${freeMib} MiB free at ${at}`;
  const mend = "free space there, or move the state with COFFERDAM_HOME";
  if (freeMib < LEAST_DISK_MIB) return missing("disk", detail, mend);
  return freeMib < GOOD_DISK_MIB ? warn("disk", detail, mend) : ok("disk", detail);
}

const existing = (dir: string): string => (existsSync(dir) ? dir : existing(dirname(dir)));

export async function probeMemory(): Promise<Finding> {
  const mib = Math.floor(totalmem() / MIB);
  const detail = `${mib} MiB of memory, ${availableParallelism()} processors`;
  if (mib >= GOOD_MEMORY_MIB) return ok("memory", detail);
  return warn("memory", detail, "run fewer tasks at once (compute.parallel)");
}
