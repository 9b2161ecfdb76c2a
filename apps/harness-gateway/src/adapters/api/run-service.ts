import { run } from "@cofferdam/contracts";
import { encodeEnvelope, type Inbox, logName, RunId, type RunLog, type Team } from "@cofferdam/run-log";
import { type Call, RpcError, serverStream, type ServedService, unary } from "@cofferdam/service";
import type { BlobStore } from "@cofferdam/storage";
import { readOutput } from "./read-output.ts";
import { RunReader } from "./run-reader.ts";
import { type SubmissionDeps, submitRun } from "./submission.ts";

export interface RunServiceDeps extends SubmissionDeps {
  readonly team: Team;
  readonly log: RunLog;
  readonly blobs: BlobStore;
  readonly inbox: Inbox;
}

/** The public face: runs. */
export function servedRuns(deps: RunServiceDeps): ServedService {
  const reader = new RunReader(deps.team, deps.log);
  return {
    definition: run.RunServiceService,
    implementation: {
      startRun: unary((request: run.StartRunRequest) => submitRun(deps, request)),
      getRun: unary(({ runId }: run.GetRunRequest) => reader.get(runIdFrom(runId))),
      listRuns: unary((request: run.ListRunsRequest) => reader.list(request)),
      watchRun: serverStream(({ runId }: run.WatchRunRequest, call: Call) =>
        watch(deps, reader, runIdFrom(runId), call),
      ),
      cancelRun: unary((request: run.CancelRunRequest) => cancel(deps, reader, request)),
      getOutputs: unary(async ({ runId }: run.GetOutputsRequest): Promise<run.GetOutputsResponse> => {
        const { outputs } = await reader.get(runIdFrom(runId));
        return { outputs };
      }),
      readOutput: serverStream(async function* (request: run.ReadOutputRequest) {
        const { outputs } = await reader.get(runIdFrom(request.runId));
        for await (const data of readOutput(outputs, request)) yield { data: Buffer.from(data) };
      }),
    },
  };
}

async function* watch(
  deps: RunServiceDeps,
  reader: RunReader,
  runId: RunId,
  { signal }: Call,
): AsyncGenerator<run.RunEvent> {
  await reader.submitted(runId);
  for await (const { key, sequence, envelope } of deps.log.watchRun(runId, signal)) {
    if (envelope === undefined) continue;
    yield {
      log: logName(key),
      logSequence: sequence,
      cloudEvent: Buffer.from(encodeEnvelope(envelope)).toString("utf8"),
    };
  }
}

/** Durable when it returns: the command stands in the run's inbox, and the planner takes it from there. */
async function cancel(
  deps: RunServiceDeps,
  reader: RunReader,
  request: run.CancelRunRequest,
): Promise<run.CancelRunResponse> {
  const runId = runIdFrom(request.runId);
  await reader.submitted(runId);
  const key = { team: deps.team, run: runId };
  const id = request.idempotencyKey === "" ? `cancel-${runId}` : request.idempotencyKey;
  await deps.inbox.send(key, { id, command: "cancel", principal: deps.principal, reason: request.reason });
  await deps.doorbells.ring("plan", key);
  return {};
}

function runIdFrom(text: string): RunId {
  try {
    return RunId(text);
  } catch (cause) {
    throw new RpcError({
      status: "INVALID_ARGUMENT",
      reason: "INVALID_RUN_ID",
      message: `${JSON.stringify(text.slice(0, 80))} is not a run id`,
      mend: "`cofferdam runs` lists them",
      cause,
    });
  }
}
