import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { probeHost } from "../../libs/host-probe/src/probe-host.ts";
import type { Look, Needs } from "./look.ts";
import { EXIT_ENVIRONMENT, SetupError } from "./setup-error.ts";
import { setUp } from "./setup.ts";

/**
 * Installs what is missing; when that cannot be, says why and what to do, and ends the process with status 4. A
 * diagnosis is given all the same, for then it is wanted most.
 */
export async function setUpOrExit(checkout: Checkout, needs: Needs, args: readonly string[]): Promise<Look> {
  try {
    return await setUp(checkout, needs);
  } catch (error) {
    const failures: SetupError[] = [];
    const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const reason of reasons) {
      const known = SetupError.from(reason, "setting up");
      if (!(known instanceof SetupError)) throw reason;
      failures.push(known);
      process.stderr.write(`cofferdam: ${known.message}\n  mend: ${known.mend}\n`);
    }
    const [first] = failures;
    if (args.includes("--json") && first !== undefined) {
      const { code, message, mend } = first;
      process.stdout.write(`${JSON.stringify({ error: { code, message, mend } }, undefined, 2)}\n`);
    } else if (args[0] === "doctor") await diagnose(checkout);
    return process.exit(EXIT_ENVIRONMENT);
  }
}

async function diagnose(checkout: Checkout): Promise<void> {
  for (const { name, status, detail, mend } of await probeHost({ checkout })) {
    process.stdout.write(`${status.padEnd(8)} ${name.padEnd(16)} ${detail}\n`);
    if (mend !== undefined) process.stdout.write(`${" ".repeat(26)}${mend.replaceAll("\n", `\n${" ".repeat(26)}`)}\n`);
  }
}
