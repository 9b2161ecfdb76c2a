/**
 * What Cofferdam adds to a durable step, beside what the machine itself asks for the same acts in the same run: a program
 * that stands in for a model runs `true` as many times as asked, and the phases are read from the log.
 * Run: node --conditions=@cofferdam/source bench/steps.ts [steps]
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { floors } from "./floors.ts";
import { describeMachine } from "./machine.ts";
import { phasesOf, type TimedEvent } from "./phases.ts";
import { type Summary, summarize } from "./summary.ts";

const steps = Number(process.argv[2] ?? 50);
const checkout = join(import.meta.dirname, "..");
// The short path is for Unix sockets, whose names are bounded.
const folder = mkdtempSync(join(tmpdir(), "cfd-bench-"));
const home = join(folder, "home");
const cache = join(checkout, ".cofferdam/cache");

const files = {
  "manifest.yaml": `apiVersion: cofferdam.dev/v1
kind: Manifest
metadata: { name: bench-steps }
spec:
  outputs: { none: { path: out/none.txt, to: "file:./results/" } }
  agent: { model: gpt-5.5, instructions: AGENTS.md, script: model.mjs, tools: [exec_command] }
`,
  "AGENTS.md": "Take steps.\n",
  "model.mjs": `const exec = (cmd) => ({
  name: "exec_command",
  arguments: { cmd, workdir: null, shell: null, login: null, tty: null, yield_time_ms: null, max_output_tokens: null },
});
export default ({ turns }) =>
  turns.length === 0 ? { calls: [exec("mkdir -p out && echo none > out/none.txt")] }
  : turns.length <= ${steps} ? { calls: [exec("true")] } : { text: "Done." };
`,
};

interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs \`./cofferdam\` as people do. */
function cofferdam(args: readonly string[], onNotice: (text: string) => void = () => undefined): Promise<Finished> {
  const began = performance.now();
  const child = spawn(join(checkout, "cofferdam"), args, {
    cwd: folder,
    env: { ...process.env, COFFERDAM_HOME: home, COFFERDAM_CACHE: cache, OPENAI_API_KEY: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += String(data)));
  child.stderr.on("data", (data) => {
    stderr += String(data);
    onNotice(stderr);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const tookMs = performance.now() - began;
      if (code === 0) resolve({ stdout, stderr, tookMs });
      else reject(new Error(`cofferdam ${args.join(" ")} ended with status ${code}\n${stdout}\n${stderr}`));
    });
  });
}

async function run(): Promise<{ readonly runId: string; readonly beganMs: number }> {
  const beganMs = Date.now();
  const { stderr } = await cofferdam(["run", "manifest.yaml"]);
  const runId = /run (\S+)/.exec(stderr)?.[1];
  if (runId === undefined) throw new Error(`no run id in: ${stderr}`);
  return { runId, beganMs };
}

async function eventsOf(runId: string): Promise<readonly TimedEvent[]> {
  const { stdout } = await cofferdam(["watch", runId, "--json"]);
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; time: string; data: unknown });
  return events.map(({ type, time, data }) => ({
    type: type.replace(/^.*?(?=[a-z]+\.[a-z]+$)/, ""),
    atMs: Date.parse(time),
    data,
  }));
}

const line = (name: string, { median, p95, count }: Summary, floor?: number): void => {
  const ratio = floor === undefined ? "" : `  ${(median / floor).toFixed(1)} x`;
  console.log(
    `  ${name.padEnd(52)} ${median.toFixed(1).padStart(8)} ${p95.toFixed(1).padStart(8)}  n=${count}${ratio}`,
  );
};

try {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  console.log(describeMachine());
  // The first start fills the cache of compiled code and makes the streams.
  await run();
  await sleep(500);
  const firstFloors = await floors(folder, cache);
  const { runId, beganMs } = await run();
  const lastFloors = await floors(folder, cache);
  const events = await eventsOf(runId);
  const { tookMs: listMs } = await cofferdam(["runs"]);

  console.log(`\nfloors on this machine, ms                              median      p95`);
  const floor = Object.entries(firstFloors).map(
    ([name, before]) => [name, summarize([...before, ...(lastFloors[name] ?? [])])] as const,
  );
  for (const [name, summary] of floor) line(name, summary);
  const floorOfStep = floor.reduce((sum, [, { median }]) => sum + median, 0);

  const phases = phasesOf(events);
  console.log(`\na durable step, ms                                      median      p95`);
  for (const [name, values] of Object.entries(phases)) line(name, summarize(values));
  const whole = phases["whole cycle, model turn and step"] ?? [];
  console.log(
    `\n  one command, one append and one synced file: ${floorOfStep.toFixed(1)} ms; a whole cycle is ${(summarize(whole).median / floorOfStep).toFixed(1)} times that`,
  );

  const first = events.find(({ type }) => type === "model.requested");
  console.log(`\nstart, ms`);
  if (first !== undefined)
    console.log(`  ./cofferdam run to the first model turn, warm    ${Math.round(first.atMs - beganMs)}`);
  console.log(`  ./cofferdam runs, warm                           ${Math.round(listMs)}`);
  console.log(`\nload at the end: ${(loadavg()[0] ?? 0).toFixed(1)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
