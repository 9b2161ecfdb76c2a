import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Installation } from "./testing/installation.ts";

const examples = join(import.meta.dirname, "../../../examples");
/** The set-up fetches what an example works on; without it the example is reported as skipped. */
const withData = (example: string, path: string) =>
  existsSync(join(examples, example, path)) ? describe : describe.skip;

let installation: Installation;
const results: string[] = [];
beforeEach(async () => {
  installation = await Installation.create();
});
afterEach(async () => {
  for (const folder of results.splice(0)) rmSync(folder, { recursive: true, force: true });
  await installation.remove();
});

interface Answer {
  readonly run: {
    readonly runId: string;
    readonly tasks: readonly { readonly kind: string; readonly itemPath?: string }[];
  };
}

async function runExample(example: string, ...args: string[]) {
  const { ended, answer } = await installation.json(["run", join(examples, example, "manifest.yaml"), ...args]);
  const folder = join(examples, example, "results", (answer as Answer).run.runId);
  results.push(folder);
  return { ended, answer, folder };
}

withData("clinical-records", "data/records")("the clinical example", () => {
  test("finds encounters in every record, each task in a sandbox of its own, and the ledger verifies", async () => {
    const { ended, answer, folder } = await runExample("clinical-records");
    expect(ended.code).toBe(0);
    expect(answer).toMatchObject({
      run: { status: "RUN_STATUS_COMPLETED" },
      totals: { modelCallsPaidTwice: 0, sandboxesLost: 0 },
      ledger: { state: "verified", skipped: [] },
    });
    const { tasks } = (answer as Answer).run;
    const records = new Set(tasks.filter(({ kind }) => kind === "TASK_KIND_WORK").map(({ itemPath }) => itemPath));
    expect(records.size).toBeGreaterThan(10);
    const encounters = readFileSync(join(folder, "encounters.jsonl"), "utf8").trim().split("\n");
    expect(encounters.length).toBeGreaterThan(100);
    for (const line of encounters) expect(() => JSON.parse(line)).not.toThrow();
  });
});

withData("financial-report", "data")("the financial example", () => {
  test("takes twenty steps, and completes when the sandbox is killed in the nineteenth", async () => {
    const { ended, answer, folder } = await runExample("financial-report", "--chaos", "kill-sandbox@19");
    expect(ended.code).toBe(0);
    expect(answer).toMatchObject({
      execution: { steps: 20, committedOnce: 20, interrupted: 1, sandboxesLost: 1 },
      totals: { modelCallsPaidTwice: 0, sandboxesLost: 1, resumedMs: expect.any(Number) },
      ledger: { state: "verified" },
    });
    expect(existsSync(join(folder, "report/report.html"))).toBe(true);
  });
});
