import type { Check } from "./check.ts";
import { boundaries, format, lint, types } from "./code.ts";
import { contractsBreaking, contractsFresh, contractsLint } from "./contracts.ts";
import { lockFile } from "./lock-file.ts";

export { type Check, type CheckOutcome } from "./check.ts";

/** Everything that must hold for the tree beside its tests, cheapest first. */
export const checks: readonly Check[] = [
  lockFile,
  contractsLint,
  contractsBreaking,
  contractsFresh,
  format,
  lint,
  types,
  boundaries,
];
