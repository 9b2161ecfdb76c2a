import type { PolicyDecision, PolicyEngine, PolicyRequest } from "./request.ts";

/** One policy: it permits or forbids the requests that it matches. */
export interface Policy {
  /** Stable; stands in every decision that it determined. */
  readonly id: string;
  readonly effect: "permit" | "forbid";
  /** Why it matches, in words; undefined where it does not. */
  matches(request: PolicyRequest): string | undefined;
}

/**
 * An engine over a set of policies with Cedar's semantics: a request is allowed if some policy permits it and none
 * forbids it; what no policy permits is denied. A policy that fails is a denial, never an allowance.
 */
export function createPolicySet(policies: readonly Policy[]): PolicyEngine {
  return {
    decide(request): PolicyDecision {
      const matching = policies.flatMap((policy) => {
        const outcome = evaluate(policy, request);
        return outcome === undefined ? [] : [outcome];
      });
      const forbidding = matching.filter(({ effect }) => effect === "forbid");
      const determining = forbidding.length > 0 ? forbidding : matching;
      if (determining.length === 0) {
        return { decision: "deny", policies: [], reason: "no policy permits this" };
      }
      return {
        decision: forbidding.length > 0 ? "deny" : "allow",
        policies: determining.map(({ id }) => id),
        reason: determining.map(({ why }) => why).join("; "),
      };
    },
  };
}

interface Outcome {
  readonly id: string;
  readonly effect: Policy["effect"];
  readonly why: string;
}

function evaluate(policy: Policy, request: PolicyRequest): Outcome | undefined {
  const { id, effect } = policy;
  try {
    const why = policy.matches(request);
    return why === undefined ? undefined : { id, effect, why };
  } catch {
    return { id, effect: "forbid", why: `policy ${id} could not be evaluated` };
  }
}
