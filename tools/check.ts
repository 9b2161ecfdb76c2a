/** `npm run check`: contracts, format, lint, types, module boundaries, lock file; no tests. */
import { join } from "node:path";
import { runChecks } from "./checks/run-checks.ts";

const sums = await runChecks(join(import.meta.dirname, ".."), (line) => process.stdout.write(`${line}\n`));
process.exitCode = sums.failed === 0 ? 0 : 1;
