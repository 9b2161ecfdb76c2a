/**
 * `./cofferdam test [pattern …] [--filter <name>]`: what CI does. Patterns choose test files and skip the checks of the
 * whole tree; `--filter` chooses tests by name. The last line counts both.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runChecks, type Sums } from "./checks/run-checks.ts";
import { runJest } from "./run-jest.ts";

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg, at) => !(at === 0 && arg === "test")),
  options: { filter: { type: "string" } },
  allowPositionals: true,
});
const chosen = positionals.length > 0 || values.filter !== undefined;

const none: Sums = { passed: 0, failed: 0, skipped: 0 };
const checked = chosen ? none : await runChecks(root, (line) => process.stdout.write(`${line}\n`));
const tested = await runJest(root, positionals, values.filter);

const failed = checked.failed + tested.failed;
const skipped = checked.skipped + tested.skipped;
const passed = checked.passed + tested.passed;
process.stdout.write(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
