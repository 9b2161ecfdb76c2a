import type { events } from "@cofferdam/contracts";
import type { Manifest } from "@cofferdam/manifest";

/** Attempts per task before the run fails. */
const MAX_ATTEMPTS = 2;

/** What the planner needs to know of a manifest. `items` is the number of files in the fan-out input. */
export function planRun({ spec }: Manifest, items: number): events.RunPlan {
  const { parallel } = spec.compute;
  const { tokens, toolCalls, wallMs } = spec.budgets;
  return {
    fanOutInput: parallel?.over ?? "",
    items: parallel === undefined ? 0 : items,
    maxParallel: parallel?.max ?? 1,
    join: spec.agent.join !== undefined,
    budget: { tokens, toolCalls, wallMs },
    maxAttempts: MAX_ATTEMPTS,
  };
}
