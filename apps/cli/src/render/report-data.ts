import type { run } from "@cofferdam/contracts";
import type { Finding, VerifyRunResult } from "@cofferdam/evidence";
import { executionFacts, type ExecutionFacts } from "../progress/execution-facts.ts";
import type { RunProgress } from "../progress/run-progress.ts";

/** What the check of a run's evidence came to. */
export type LedgerVerdict =
  | {
      readonly state: "verified";
      /** Events of the run. */
      readonly entries: number;
      /** Entries under the checkpoint, and its root hash in base64. */
      readonly treeSize: number;
      readonly root: string;
      readonly checked: VerifyRunResult["checked"];
      readonly skipped: VerifyRunResult["skipped"];
    }
  | { readonly state: "failed"; readonly findings: readonly Finding[] }
  /** The run has not ended, or nobody asked. */
  | { readonly state: "unchecked"; readonly reason: string };

/** Everything that is said of a run, in one place, so that the text and the JSON say the same. */
export interface ReportData {
  readonly run: run.Run;
  readonly execution: ExecutionFacts;
  readonly totals: Totals;
  readonly ledger: LedgerVerdict;
}

export interface Totals {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly modelCalls: number;
  /** Calls that were sent to the provider more than once, and so may have been paid twice. */
  readonly modelCallsPaidTwice: number;
  readonly durationMs: number;
  readonly sandboxesLost: number;
  /** Longest time from the loss of a sandbox to the first command in its successor; 0 if none was lost. */
  readonly resumedMs: number;
}

export function reportData(view: run.Run, progress: RunProgress, ledger: LedgerVerdict): ReportData {
  const { usage, tasks } = view;
  return {
    run: view,
    execution: executionFacts(progress),
    totals: {
      inputTokens: usage?.inputTokens ?? 0,
      cachedInputTokens: usage?.cachedInputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      modelCalls: usage?.modelCalls ?? 0,
      modelCallsPaidTwice: tasks.reduce((sum, task) => sum + task.modelCallsResent, 0),
      durationMs: span(view.submittedAt, view.endedAt),
      sandboxesLost: tasks.reduce((sum, task) => sum + task.sandboxesLost, 0),
      resumedMs: Math.max(0, ...tasks.map((task) => task.resumedMs)),
    },
    ledger,
  };
}

const span = (from: string, to: string): number =>
  from === "" || to === "" ? 0 : Math.max(0, Date.parse(to) - Date.parse(from));
