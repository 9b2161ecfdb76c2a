import { checks, type CheckOutcome } from "./index.ts";

/** How often each outcome came up. */
export interface Sums {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const MARKS = { passed: "ok     ", failed: "FAILED ", skipped: "skipped" } as const;

/** Makes every check and prints a line for each, and what a failed one found. */
export async function runChecks(root: string, print: (line: string) => void): Promise<Sums> {
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const check of checks) {
    const started = performance.now();
    const outcome = await check.run(root).catch((error: unknown): CheckOutcome => {
      return { kind: "failed", detail: error instanceof Error ? error.message : String(error) };
    });
    sums[outcome.kind]++;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const [first = "", ...more] = outcome.detail.split("\n");
    const aside = outcome.kind === "failed" ? "" : first;
    print(`${MARKS[outcome.kind]}  ${check.name.padEnd(28)} ${seconds.padStart(5)} s  ${aside}`.trimEnd());
    if (outcome.kind === "failed") for (const line of [first, ...more]) print(`         ${line}`);
  }
  return sums;
}
