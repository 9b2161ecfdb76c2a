import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { verifyHome } from "./evidence/verify-home.ts";
import { openHome } from "./local/home.ts";
import { countingAgent } from "./testing/counting-agent.ts";
import { Installation } from "./testing/installation.ts";

let installation: Installation;
let runId: string;
beforeAll(async () => {
  installation = await Installation.create();
  installation.write(countingAgent({ steps: 3 }));
  const { answer } = await installation.json(["run", "manifest.yaml"]);
  ({ runId } = (answer as { run: { runId: string } }).run);
});
afterAll(() => installation.remove());

const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();

/** What is made anew from the evidence, marks of progress, locks. */
const isDerived = (path: string): boolean =>
  /sqlite|lock$|cursor$|snapshots\/index/.test(path) || statSync(path).size === 0;

/** Turns one bit of a file over while `act` runs. */
async function damaged<T>(path: string, act: () => Promise<T>): Promise<T> {
  const bytes = readFileSync(path);
  const flipped = Buffer.from(bytes);
  const at = Math.floor(bytes.length / 2);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  writeFileSync(path, flipped);
  try {
    return await act();
  } finally {
    writeFileSync(path, bytes);
  }
}

test("a run verifies, a published file verifies, and so does the whole ledger", async () => {
  const run = await installation.run(["verify", runId]);
  expect([run.code, run.stdout]).toEqual([0, expect.stringContaining(`run ${runId}: verified`)]);
  expect((await installation.run(["verify"])).code).toBe(0);
  const file = join(installation.dir, "results", runId, "numbers.txt");
  const published = await installation.run(["verify", file]);
  expect([published.code, published.stdout]).toEqual([0, expect.stringContaining(`published by run ${runId}`)]);
});

test("one bit turned over in any file of the ledger, any stored body, snapshot or output is found and named", async () => {
  const home = openHome({ COFFERDAM_HOME: installation.home }, "");
  const evidence = [home.ledger, home.objects, join(installation.dir, "results")]
    .flatMap(filesBelow)
    .filter((path) => !isDerived(path));
  expect(evidence.length).toBeGreaterThan(10);
  const overlooked: string[] = [];
  for (const path of evidence) {
    // What no event of the run names, e.g. the inputs' packs of a submission that was refused, only the whole check reads.
    const run = /packs/.test(path) ? undefined : runId;
    const { findings } = await damaged(path, () => verifyHome(home, { run }));
    if (findings.length === 0) overlooked.push(path);
  }
  expect(overlooked).toEqual([]);
  expect((await verifyHome(home, { run: runId })).findings).toEqual([]);
});

test("damage is told by the command line, with what differs, and by its exit code", async () => {
  const file = join(installation.dir, "results", runId, "numbers.txt");
  const { code, stdout } = await damaged(file, () => installation.run(["verify", runId]));
  expect(code).toBe(5);
  expect(stdout).toMatch(/^output .*numbers\.txt: [^]*NOT VERIFIED, 1 difference$/m);
});

test("a run that the ledger does not know is not verified", async () => {
  const { code, stdout } = await installation.run(["verify", "r-unknown"]);
  expect(code).toBe(5);
  expect(stdout).toContain("no event of run r-unknown");
});

test("one byte turned over in the run log itself is found, though all evidence beside it is whole", async () => {
  const home = openHome({ COFFERDAM_HOME: installation.home }, "");
  const [block] = filesBelow(home.nats).filter((path) => /streams\/RUNS\/msgs\/.*\.blk$/.test(path));
  if (block === undefined) throw new Error("the stream has no block");
  const { code, stdout } = await damaged(block, () => installation.run(["verify", runId]));
  expect([code, stdout]).toEqual([
    5,
    expect.stringMatching(/not in the stream|other bytes than the stream|cannot be read/),
  ]);
});
