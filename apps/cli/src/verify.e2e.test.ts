import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
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

test("one bit turned over in any file of the ledger, any blob or any output is found and named", async () => {
  const ledger = join(installation.home, "ledger");
  const evidence = [
    ...filesBelow(ledger).filter((path) => /checkpoint|tile|archive|events/.test(relative(ledger, path))),
    ...filesBelow(join(installation.home, "objects")).filter((path) => /blob/.test(path)),
    ...filesBelow(join(installation.dir, "results")),
  ].filter((path) => statSync(path).size > 0);
  expect(evidence.length).toBeGreaterThan(5);
  for (const path of evidence) {
    const { code, stdout } = await damaged(path, () => installation.run(["verify", runId]));
    expect([path, code]).toEqual([path, 5]);
    expect(stdout).toContain("NOT VERIFIED");
  }
  expect((await installation.run(["verify", runId])).code).toBe(0);
});

test("a run that the ledger does not know is not verified", async () => {
  const { code, stdout } = await installation.run(["verify", "r-unknown"]);
  expect(code).toBe(5);
  expect(stdout).toContain("no event of run r-unknown");
});
