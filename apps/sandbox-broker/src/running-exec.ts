import type { sandbox } from "@cofferdam/contracts";
import type { Execution } from "@cofferdam/sandbox-provider";
import type { OutputJournal } from "./adapters/output-journal.ts";

/** A command that runs: what repeated requests attach to. */
export interface RunningExec {
  readonly requestDigest: string;
  readonly execution: Execution;
  readonly journal: OutputJournal;
  /** Settles once the outcome is recorded. */
  readonly outcome: Promise<sandbox.ExecOutcome>;
}
