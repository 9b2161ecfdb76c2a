import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The command line of a live process, or undefined. A recorded pid means nothing before it is checked: pids are reused. */
export async function commandLine(pid: number): Promise<string | undefined> {
  try {
    const line = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trim();
    // A zombie has an empty command line.
    return line === "" ? undefined : line;
  } catch {
    if (process.platform === "linux") return undefined;
  }
  try {
    return (await run("ps", ["-o", "args=", "-p", String(pid)])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Distinguishes a process from a later one with the same pid, as far as the system tells. */
export async function processBirth(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // Field 22, starttime (proc(5)); the second field may contain spaces, hence the cut after its closing bracket.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? undefined : rest[18];
  } catch {
    if (process.platform === "linux") return undefined;
  }
  try {
    return (await run("ps", ["-o", "lstart=", "-p", String(pid)])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Ends a process whose command line contains `mark`, kindly and then not. Returns when it is gone. */
export async function stopProcess(pid: number, mark: string, graceMs: number): Promise<void> {
  const isOurs = async () => (await commandLine(pid))?.includes(mark) ?? false;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!(await isOurs())) return;
    send(pid, signal);
    for (let waited = 0; waited < graceMs && (await isOurs()); waited += 20) await sleep(20);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
