import {
  emptyState,
  fold,
  isTerminal,
  type LogEvent,
  parseLogName,
  type RunState,
  taskLogId,
  type Team,
} from "@cofferdam/run-log";
import { type Findings, messageOf } from "./finding.ts";
import type { ReadEvent } from "./verify-bundle.ts";

/** What the archive says of one run. */
export interface RunEvidence {
  readonly run: string;
  entries: number;
  /** By log name. */
  readonly logs: Map<string, RunState>;
  /** How the run's log accounts for the logs of its tasks: by log name, with the digest that it gives. */
  readonly accounted: Map<string, { readonly index: number; readonly logDigest: string }>;
  readonly attempts: Map<string, number>;
}

/**
 * Folds every log of the archive, in order: each event must continue its log. A log that breaks is named once, where it
 * breaks.
 */
export class LogVerifier {
  readonly runs = new Map<string, RunEvidence>();
  readonly #team: Team;
  readonly #findings: Findings;
  readonly #broken = new Set<string>();
  #lastSequence = 0;

  constructor(team: Team, findings: Findings) {
    this.#team = team;
    this.#findings = findings;
  }

  take(event: ReadEvent): void {
    const { index, sequence, envelope, decoded } = event;
    const log = decoded.envelope.subject;
    if (sequence <= this.#lastSequence) {
      this.#findings.add(
        "event",
        `entry ${index}`,
        `stream sequence ${sequence} does not follow ${this.#lastSequence}`,
      );
    }
    this.#lastSequence = sequence;
    const run = this.#runOf(log);
    run.entries++;
    if (this.#broken.has(log)) return;
    try {
      const state = run.logs.get(log) ?? emptyState(parseLogName(this.#team, log));
      const folded = fold(state, { sequence, bytes: envelope });
      if (!folded.valid) throw new TypeError(folded.reason);
      run.logs.set(log, folded.state);
      account(run, index, decoded.event);
    } catch (error) {
      this.#broken.add(log);
      this.#findings.add("chain", `entry ${index}`, `does not continue log ${log}: ${messageOf(error)}`);
    }
  }

  #runOf(log: string): RunEvidence {
    const run = log.split("/")[0] ?? log;
    const known = this.runs.get(run);
    if (known !== undefined) return known;
    const fresh: RunEvidence = { run, entries: 0, logs: new Map(), accounted: new Map(), attempts: new Map() };
    this.runs.set(run, fresh);
    return fresh;
  }
}

function account(run: RunEvidence, index: number, event: LogEvent): void {
  if (event.type === "task.dispatched") run.attempts.set(event.data.taskId, event.data.attempt);
  else if (event.type === "task.completed")
    accountFor(run, index, event.data.result?.taskId ?? "", event.data.logDigest);
  else if (event.type === "task.failed") accountFor(run, index, event.data.taskId, event.data.logDigest);
}

function accountFor(run: RunEvidence, index: number, taskId: string, logDigest: string): void {
  const log = `${run.run}/${taskLogId(taskId, run.attempts.get(taskId) ?? 1)}`;
  run.accounted.set(log, { index, logDigest });
}

/** A run is whole when it has ended, and its log and those of its tasks account for each other. */
export function verifyCompleteness(run: RunEvidence, findings: Findings): void {
  const root = run.logs.get(run.run);
  if (root === undefined || !isTerminal(root)) {
    findings.add("completeness", run.run, `run ${run.run} has no end in the ledger: its last event is missing`);
  }
  for (const [log, { index, logDigest }] of run.accounted) {
    const state = run.logs.get(log);
    if (state === undefined)
      findings.add("completeness", `entry ${index}`, `log ${log}, which it ends, is not in the ledger`);
    else if (state.head.digest !== logDigest) {
      findings.add(
        "completeness",
        `entry ${index}`,
        `log ${log} ends with ${state.head.digest}, its run says ${logDigest}`,
      );
    } else if (!isTerminal(state)) findings.add("completeness", `entry ${index}`, `log ${log} has no end`);
  }
  for (const log of run.logs.keys()) {
    if (log !== run.run && !run.accounted.has(log)) {
      findings.add("completeness", log, `run ${run.run} does not account for log ${log}`);
    }
  }
}
