/** What `./cofferdam` runs: brings what the command needs, then becomes the command. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { thisCheckout } from "./setup/checkout.ts";
import { EXIT_UNAVAILABLE, SetupError } from "./setup/setup-error.ts";
import { needsOfReading, needsOfRunning, needsOfTesting, setUp, type Needs } from "./setup/setup.ts";

const READING = new Set(["doctor", "verify", "help", "completion"]);

function needsOf(args: readonly string[]): Needs {
  const command = args.find((arg) => !arg.startsWith("-"));
  if (args.includes("--help") || args.includes("-h") || args.includes("--version") || command === undefined)
    return needsOfReading;
  if (command === "test") return needsOfTesting;
  return READING.has(command) ? needsOfReading : needsOfRunning;
}

const checkout = thisCheckout();
const args = process.argv.slice(2);
try {
  Object.assign(process.env, await setUp(checkout, needsOf(args)));
} catch (error) {
  const known = SetupError.from(error, "setting up");
  if (!(known instanceof SetupError)) throw error;
  process.stderr.write(`cofferdam: ${known.message}\n  mend: ${known.mend}\n`);
  process.exit(EXIT_UNAVAILABLE);
}
const main = join(checkout.root, args[0] === "test" ? "tools/test.ts" : "apps/cli/src/main.ts");
if (!existsSync(main)) throw new Error(`this checkout is not whole: ${main} is missing`);
process.argv[1] = main;
await import(main);
