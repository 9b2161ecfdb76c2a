import type { RunProgress } from "./run-progress.ts";

/** What the log says about how often work was done; the claim of durable execution, counted. */
export interface ExecutionFacts {
  /** Steps that some task began or committed. */
  readonly steps: number;
  /** Of those: committed exactly once. */
  readonly committedOnce: number;
  /** Begun more than once because their sandbox was lost before they could commit. */
  readonly interrupted: number;
  readonly sandboxesLost: number;
}

export function executionFacts(run: RunProgress): ExecutionFacts {
  const tasks = [...run.tasks.values()];
  const steps = tasks.flatMap((task) => [...task.steps.values()]);
  return {
    steps: steps.length,
    committedOnce: steps.filter((step) => step.commits === 1).length,
    interrupted: steps.filter((step) => step.starts > 1).length,
    sandboxesLost: tasks.reduce((sum, task) => sum + task.sandboxesLost, 0),
  };
}
