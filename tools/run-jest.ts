import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sums } from "./checks/run-checks.ts";

interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Files that could not be run at all; their tests are in no other number. */
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Runs the tests in one Jest; its report goes to this process' output, its sums come back. */
export async function runJest(root: string, files: readonly string[], filter: string | undefined): Promise<Sums> {
  const dir = await mkdtemp(join(tmpdir(), "cofferdam-jest-"));
  try {
    const output = join(dir, "results.json");
    const args = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
    args.push(join(root, "node_modules/jest/bin/jest.js"), "--json", `--outputFile=${output}`, ...files);
    if (filter !== undefined) args.push(`--testNamePattern=${filter}`);
    const status = await runInherited(args, root);
    if (!existsSync(output)) return { passed: 0, failed: 1, skipped: 0 };
    const results: JestResults = JSON.parse(await readFile(output, "utf8"));
    if (filter === undefined) for (const name of skippedTests(results)) process.stdout.write(`skipped  ${name}\n`);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return {
      passed: results.numPassedTests,
      // A Jest that ends badly without a failed test has failed all the same.
      failed: status === 0 ? failed : Math.max(failed, 1),
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Jest's own report does not name them when it runs many files; a skipped test should not go unseen. */
function skippedTests({ testResults }: JestResults): string[] {
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === "pending" || status === "todo").map(({ fullName }) => fullName),
  );
}

/** Jest writes its report to standard error; the JSON copy on standard output is not wanted. */
function runInherited(args: readonly string[], cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
