import { existsSync } from "node:fs";
import type { sandbox } from "@cofferdam/contracts";
import type { ExecutionResult } from "@cofferdam/sandbox-provider";
import { RpcError } from "@cofferdam/service";
import { type OutputJournal, readJournal } from "./adapters/output-journal.ts";
import type { RunningExec } from "./running-exec.ts";

/** What an execution says: its output as it comes, then how it ended. */
export type ExecEvent = sandbox.ExecResponse;

/** What a running command writes, from its first byte, and then its outcome. */
export async function* follow(running: RunningExec): AsyncGenerator<ExecEvent> {
  try {
    for await (const frame of running.journal.read()) yield { response: { $case: frame.stream, value: frame.data } };
  } catch (error) {
    // The journal of a lost sandbox goes with it; the outcome says so.
    await running.outcome;
    throw error;
  }
  yield { response: { $case: "outcome", value: await running.outcome } };
}

/** The same of a command that has ended. */
export async function* replay(path: string, outcome: string): AsyncGenerator<ExecEvent> {
  if (!existsSync(path)) throw outputGone();
  for await (const frame of readJournal(path)) yield { response: { $case: frame.stream, value: frame.data } };
  const value: sandbox.ExecOutcome = { ...JSON.parse(outcome), replayed: true };
  yield { response: { $case: "outcome", value } };
}

export function outcomeOf(result: ExecutionResult, journal: OutputJournal): sandbox.ExecOutcome {
  return {
    ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    signal: result.signal,
    limit: result.limit ?? "",
    durationMs: result.durationMs,
    replayed: false,
    stdoutBytes: journal.bytes.stdout,
    stderrBytes: journal.bytes.stderr,
  };
}

const outputGone = (): RpcError =>
  new RpcError({
    status: "DATA_LOSS",
    reason: "OUTPUT_DROPPED",
    message: "the command ended so long ago that its output was dropped",
    mend: "ask for the outcome of a command before running many others",
  });
