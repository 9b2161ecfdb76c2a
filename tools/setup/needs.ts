import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { examplesOf, examplesWithData } from "../../libs/host-probe/src/requirements/example-data.ts";
import type { Needs } from "./look.ts";
import { bubblewrap, natsServer } from "../../libs/host-probe/src/requirements/native-program.ts";

/** Commands that start no service: enough is there to show help, diagnose the machine, verify evidence offline. */
const READING = new Set(["doctor", "verify", "help", "completion"]);

/** What `./cofferdam <args>` needs. Arguments are only looked at, not judged: that is the command line's part. */
export function needsOf(checkout: Checkout, args: readonly string[]): Needs {
  const command = args.find((arg) => !arg.startsWith("-"));
  const asks = args.some((arg) => arg === "--help" || arg === "-h" || arg === "--version" || arg === "-V");
  if (asks || command === undefined || READING.has(command)) return { packages: "run", programs: [], data: [] };
  const programs = [natsServer, bubblewrap];
  if (command === "test") return { packages: "all", programs, data: examplesWithData(checkout) };
  return { packages: "run", programs, data: command === "run" ? examplesOf(checkout, args) : [] };
}
