import { expect, test } from "@jest/globals";
import { createPolicySet, type Policy, type PolicyRequest } from "./index.ts";

const request: PolicyRequest = {
  principal: { type: "Task", id: "t" },
  action: "tool.call",
  resource: { type: "Tool", id: "exec_command" },
  context: {},
};
const policy = (id: string, effect: Policy["effect"], matches: Policy["matches"]): Policy => ({ id, effect, matches });

test("an empty set denies", () => {
  expect(createPolicySet([]).decide(request)).toMatchObject({ decision: "deny", policies: [] });
});

test("one forbid outweighs every permit, and only what forbade is named", () => {
  const set = createPolicySet([
    policy("p1", "permit", () => "yes"),
    policy("f1", "forbid", () => "no"),
    policy("f2", "forbid", () => undefined),
    policy("p2", "permit", () => "yes"),
  ]);
  expect(set.decide(request)).toEqual({ decision: "deny", policies: ["f1"], reason: "no" });
});

test("a policy that throws denies, whatever its effect", () => {
  const broken = policy("broken", "permit", () => {
    throw new Error("bug");
  });
  const set = createPolicySet([policy("p", "permit", () => "yes"), broken]);
  expect(set.decide(request)).toMatchObject({ decision: "deny", policies: ["broken"] });
});
