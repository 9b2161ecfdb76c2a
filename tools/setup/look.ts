import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { dataReady, type ExampleData } from "../../libs/host-probe/src/requirements/example-data.ts";
import { findProgram, type NativeProgram } from "../../libs/host-probe/src/requirements/native-program.ts";
import { packagesState, writeStamp, type PackageSet } from "../../libs/host-probe/src/requirements/packages.ts";

/** What a command needs to be there before it starts. */
export interface Needs {
  readonly packages: PackageSet;
  readonly programs: readonly NativeProgram[];
  readonly data: readonly ExampleData[];
}

/** What of it is there. */
export interface Look {
  readonly packages: boolean;
  readonly missingPrograms: readonly NativeProgram[];
  readonly missingData: readonly ExampleData[];
  /** Paths of the programs by the variables that name them to the services. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Looks without changing anything. Each start does this, so it loads as little as possible; only a program that was
 * never asked for its version costs more.
 */
export async function look(checkout: Checkout, needs: Needs): Promise<Look> {
  const missingPrograms: NativeProgram[] = [];
  const variables: Record<string, string> = {};
  for (const program of needs.programs) {
    const found = await findProgram(program, checkout.cache);
    if (found === undefined) missingPrograms.push(program);
    else variables[program.variable] = found.path;
  }
  return {
    packages: packagesReady(checkout.root, needs.packages),
    missingPrograms,
    missingData: needs.data.filter((example) => !dataReady(checkout, example)),
    variables,
  };
}

export const nothingMissing = (seen: Look): boolean =>
  seen.packages && seen.missingPrograms.length === 0 && seen.missingData.length === 0;

function packagesReady(root: string, set: PackageSet): boolean {
  const state = packagesState(root, set);
  if (state === "whole") writeStamp(root, set);
  return state !== "missing";
}
