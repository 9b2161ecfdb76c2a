import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { bringData } from "./data-pack/bring.ts";
import { fetchProgram } from "./fetch-program.ts";
import { look, type Look, type Needs } from "./look.ts";
import { installPackages } from "./npm-packages.ts";
import { Progress } from "./progress.ts";
import { withSetupLock } from "./setup-lock.ts";

type Bring = (onRetry: (attempt: number, of: number) => void) => Promise<{ readonly detail: string }>;

/**
 * Installs what is missing, all at once, and looks again. Throws an AggregateError with all that failed; what was
 * finished is kept.
 */
export async function setUp(checkout: Checkout, needs: Needs, progress = new Progress()): Promise<Look> {
  const onWait = (): void => progress.note("waiting", "another set-up of this checkout is under way");
  return withSetupLock(checkout.cache, onWait, async () => {
    // The one we waited for may have brought it.
    const seen = await look(checkout, needs);
    await removeLeftovers(checkout);
    const work: Promise<unknown>[] = [];
    const start = (name: string, bring: Bring): void => {
      const onRetry = (attempt: number, of: number): void => progress.note(name, `trying again (${attempt} of ${of})`);
      work.push(progress.step(name, () => bring(onRetry)));
    };
    for (const program of seen.missingPrograms) start(program.name, () => fetchProgram(program, checkout));
    if (!seen.packages) start("npm packages", (onRetry) => installPackages(checkout, needs.packages, onRetry));
    for (const example of seen.missingData) start(example.name, (onRetry) => bringData(checkout, example, onRetry));
    // All are awaited, so that no download goes on behind a failure, and every failure is told.
    const outcomes = await Promise.allSettled(work);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    if (reasons.length > 0) throw new AggregateError(reasons, "setting up");
    return look(checkout, needs);
  });
}

/** What a killed set-up left; only the holder of the lock may be here. */
async function removeLeftovers(checkout: Checkout): Promise<void> {
  for (const dir of [join(checkout.cache, "scratch"), join(checkout.root, ".cofferdam/scratch")]) {
    try {
      await rm(dir, { recursive: true, force: true });
    } catch (error) {
      // Its npm is still writing there. Nobody reads what it writes; the next set-up removes it.
      if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOTEMPTY") throw error;
    }
  }
}
