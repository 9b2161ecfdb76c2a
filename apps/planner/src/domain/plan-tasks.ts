import type { events } from "@cofferdam/contracts";

export const JOIN_TASK = "join";
export const PUBLISH_TASK = "publish";

/**
 * The tasks of a run in the order in which they are dispatched: `t001` … one per item of the fan-out (one for everything
 * without a fan-out), then `join` if the plan says so, then `publish`. Empty where there is nothing to fan out over.
 */
export function planTasks(plan: events.RunPlan): events.PlannedTask[] {
  const fansOut = plan.fanOutInput !== "";
  const count = fansOut ? plan.items : 1;
  if (count === 0) return [];
  const digits = Math.max(3, String(count).length);
  const work = Array.from({ length: count }, (_, i): events.PlannedTask => ({
    taskId: `t${String(i + 1).padStart(digits, "0")}`,
    kind: "TASK_KIND_WORK",
    item: fansOut ? i : undefined,
  }));
  const join: events.PlannedTask[] = plan.join ? [{ taskId: JOIN_TASK, kind: "TASK_KIND_JOIN", item: undefined }] : [];
  return [...work, ...join, { taskId: PUBLISH_TASK, kind: "TASK_KIND_PUBLISH", item: undefined }];
}
