import type { Checkout } from "./checkout.ts";
import type { Look, Needs } from "./look.ts";
import { EXIT_UNAVAILABLE, SetupError } from "./setup-error.ts";
import { setUp } from "./setup.ts";

/** Installs what is missing; when that cannot be, says why and what to do, and ends the process with status 69. */
export async function setUpOrExit(checkout: Checkout, needs: Needs): Promise<Look> {
  try {
    return await setUp(checkout, needs);
  } catch (error) {
    const known = SetupError.from(error, "setting up");
    if (!(known instanceof SetupError)) throw error;
    process.stderr.write(`cofferdam: ${known.message}\n  mend: ${known.mend}\n`);
    return process.exit(EXIT_UNAVAILABLE);
  }
}
