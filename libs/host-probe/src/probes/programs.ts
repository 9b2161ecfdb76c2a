import type { Checkout } from "../checkout.ts";
import { missing, ok, type Finding } from "../finding.ts";
import { findProgram, type NativeProgram } from "../requirements/native-program.ts";

/** A program that is no npm package. */
export async function probeProgram(
  program: NativeProgram,
  checkout: Checkout,
  env: NodeJS.ProcessEnv,
): Promise<Finding> {
  const found = await findProgram(program, checkout.cache, env);
  if (found !== undefined) return ok(program.name, `${found.version} (${found.path})`);
  const named = env[program.variable];
  const detail = named
    ? `${program.variable} names ${named}, which is no ${program.name} ${program.minimum} or newer`
    : `no ${program.minimum} or newer on PATH or in ${checkout.cache}`;
  const mend = [
    "on Debian any ./cofferdam run brings it; elsewhere install it:",
    ...program.instructions.map((line) => `  ${line}`),
  ];
  return missing(program.name, detail, mend.join("\n"));
}
