import type { ProblemReason } from "../problem.ts";

/** What a refinement says about a value: it travels through zod as the `params` of a custom issue. */
export interface Refusal {
  readonly reason: ProblemReason;
  readonly message: string;
  readonly mend: string;
}

/** The parts of zod's refinement context that are used here. */
export interface RefusalContext {
  addIssue(issue: { code: "custom"; message: string; params: Record<string, unknown>; path?: PropertyKey[] }): void;
}

/** Reports a refusal at the value, or at `path` below it. */
export function refuse(ctx: RefusalContext, refusal: Refusal, path: PropertyKey[] = []): void {
  ctx.addIssue({
    code: "custom",
    message: refusal.message,
    params: { reason: refusal.reason, mend: refusal.mend },
    path,
  });
}
