import type { events } from "@cofferdam/contracts";
import type { TaskView } from "@cofferdam/run-log";

const unlimited: events.Budget = { tokens: 0, toolCalls: 0, wallMs: 0 };

/**
 * The part of a run's budget that one attempt at a task may spend. Tokens and tool calls are shared equally by the tasks
 * that have an agent, and what earlier attempts spent is gone. Time is shared by rounds: tasks that run side by side
 * share theirs. Undefined where earlier attempts left nothing; zero is unlimited, as everywhere.
 */
export function carveBudget(plan: events.RunPlan, task: TaskView): events.Budget | undefined {
  const { budget } = plan;
  if (budget === undefined || task.kind === "TASK_KIND_PUBLISH") return unlimited;
  const work = plan.fanOutInput === "" ? 1 : plan.items;
  const agents = work + (plan.join ? 1 : 0);
  const rounds = Math.ceil(work / Math.max(1, plan.maxParallel)) + (plan.join ? 1 : 0);
  const tokens = remainder(budget.tokens, agents, task.usage.inputTokens + task.usage.outputTokens);
  const toolCalls = remainder(budget.toolCalls, agents, task.usage.toolCalls);
  const wallMs = remainder(budget.wallMs, rounds, 0);
  if (tokens === undefined || toolCalls === undefined || wallMs === undefined) return undefined;
  return { tokens, toolCalls, wallMs };
}

function remainder(limit: number, shares: number, spent: number): number | undefined {
  if (limit === 0) return 0;
  // Never zero, which would be unlimited.
  const left = Math.max(1, Math.floor(limit / Math.max(1, shares))) - spent;
  return left > 0 ? left : undefined;
}
