import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Checkout } from "./checkout.ts";
import { bubblewrap, fetchProgram, findProgram, natsServer, type NativeProgram } from "./native-program.ts";
import { installPackages, packagesReady, type PackageSet } from "./npm-packages.ts";
import { Progress } from "./progress.ts";
import { withSetupLock } from "./setup-lock.ts";

/** What a command needs to be there before it starts. */
export interface Needs {
  readonly packages: PackageSet;
  readonly programs: readonly NativeProgram[];
}

export const needsOfRunning: Needs = { packages: "run", programs: [natsServer, bubblewrap] };
export const needsOfTesting: Needs = { packages: "all", programs: [natsServer, bubblewrap] };
/** Enough to show help, diagnose the machine, or verify evidence offline. */
export const needsOfReading: Needs = { packages: "run", programs: [] };

/**
 * Installs what is missing, all at once; says nothing when nothing is. Returns the paths of the programs by the
 * variables that name them to the services.
 */
export async function setUp(
  checkout: Checkout,
  needs: Needs,
  progress = new Progress(),
): Promise<Record<string, string>> {
  const first = await look(checkout, needs);
  if (first.missing.length === 0 && first.packages) return first.variables;

  return withSetupLock(
    checkout.cache,
    () => progress.note("waiting", "another set-up of this checkout is under way"),
    async () => {
      const now = await look(checkout, needs);
      await removeLeftovers(checkout);
      const work = now.missing.map((program) => progress.step(program.name, () => fetchProgram(program, checkout)));
      if (!now.packages) {
        const again = (attempt: number, of: number): void =>
          progress.note("npm packages", `trying again (${attempt} of ${of})`);
        work.push(progress.step("npm packages", () => installPackages(checkout, needs.packages, again)));
      }
      // All are awaited, so that no download goes on behind a failure and each finished one is kept.
      const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      return (await look(checkout, needs)).variables;
    },
  );
}

interface Look {
  readonly packages: boolean;
  readonly missing: readonly NativeProgram[];
  readonly variables: Record<string, string>;
}

async function look(checkout: Checkout, needs: Needs): Promise<Look> {
  const found = await Promise.all(
    needs.programs.map(async (program) => ({ program, found: await findProgram(program, checkout.cache) })),
  );
  return {
    packages: packagesReady(checkout.root, needs.packages),
    missing: found.flatMap((one) => (one.found === undefined ? [one.program] : [])),
    variables: Object.fromEntries(
      found.flatMap((one) => (one.found === undefined ? [] : [[one.program.variable, one.found.path]])),
    ),
  };
}

/** What a killed set-up left; only the holder of the lock may be here. */
async function removeLeftovers(checkout: Checkout): Promise<void> {
  for (const dir of [join(checkout.cache, "scratch"), join(checkout.root, ".cofferdam/scratch")]) {
    await rm(dir, { recursive: true, force: true });
  }
}
