import { expect, test } from "@jest/globals";
import { describeMachine, machineFacts } from "./machine.ts";

test("the machine is named with what bounds it", () => {
  const facts = machineFacts();
  expect(facts.processors).toBeGreaterThan(0);
  expect(facts.fdatasyncMs).toBeGreaterThan(0);
  expect(facts.freeMemoryGib).toBeLessThanOrEqual(facts.memoryGib);
});

test("a busy machine is said to be busy", () => {
  const facts = machineFacts();
  expect(describeMachine({ ...facts, load: facts.processors + 1 })).toContain("busy");
  expect(describeMachine({ ...facts, load: 0 })).not.toContain("busy");
});
