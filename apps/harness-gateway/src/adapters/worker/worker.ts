import {
  type Answering,
  isTerminal,
  LEASE_TTL_MS,
  type LogKey,
  type LogWriter,
  logName,
  RunLogError,
} from "@cofferdam/run-log";
import { createManifestPolicy } from "@cofferdam/policy";
import { rpc, RpcError } from "@cofferdam/service";
import { decodeManifest } from "../../domain/stored-manifest.ts";
import { isAway, patientBlobs, patiently } from "../patience.ts";
import { Cancelled, watchForCancel } from "./cancellation.ts";
import type { TaskDeps } from "./deps.ts";
import { renewLease } from "./lease.ts";
import { loadAnswers } from "./model-turns.ts";
import type { TaskContext } from "./context.ts";
import { cancelTask, failTask, runTask } from "./task-run.ts";

export interface WorkerOptions {
  /** Tasks at once in this process. */
  readonly maxTasks: number;
}

/** Answers the doorbell of tasks until closed. */
export function startWorker(deps: TaskDeps, { maxTasks }: WorkerOptions): Promise<Answering> {
  const onError = (error: unknown, key: LogKey | undefined) =>
    deps.logger.error({ err: error, log: key && logName(key) }, "doorbell not answered");
  const options = { maxInFlight: maxTasks, onError };
  return deps.doorbells.answer("task", options, (key, { signal }) => takeTask(deps, key, signal));
}

/** Looks at a task: carries it out if it is nobody's or its owner is silent. A doorbell too many does no harm. */
async function takeTask(deps: TaskDeps, key: LogKey, signal: AbortSignal): Promise<void> {
  const logger = deps.logger.child({ log: logName(key) });
  const state = await deps.log.read(key);
  if (state.status === "absent" || isTerminal(state)) return;
  if (state.head.epoch > 0 && !(await deps.leases.awaitSilence(key, LEASE_TTL_MS, signal))) return;
  try {
    const writer = await deps.log.claim(key);
    logger.info({ epoch: writer.epoch }, "task claimed");
    await carryOut({ ...deps, logger }, writer, signal);
    logger.info({ status: writer.state.status }, "task ended");
    const { task: _task, ...run } = key;
    await deps.doorbells.ring("plan", run);
  } catch (error) {
    if (isFenced(error)) return logger.info({}, "task passed to another worker");
    if (signal.aborted) return logger.info({}, "task left for the next worker");
    if (isAway(error)) return logger.warn({ err: error }, "task left: a service stayed away");
    throw error;
  }
}

async function carryOut(given: TaskDeps, writer: LogWriter, stop: AbortSignal): Promise<void> {
  const lease = await given.leases.hold(writer.key, writer.epoch);
  const cancel = watchForCancel(given.inbox, writer.key);
  const signal = AbortSignal.any([stop, cancel.signal, writer.signal]);
  const deps = { ...given, blobs: patientBlobs(given.blobs, signal) };
  let context: TaskContext | undefined;
  const renewal = renewLease(() => context?.sandbox, deps.logger);
  try {
    await fence(deps, writer, signal);
    context = await contextOf(deps, writer, signal);
    await runTask(context);
  } catch (error) {
    if (stop.aborted || writer.signal.aborted || isFenced(error) || isAway(error)) throw error;
    if (context === undefined) throw error;
    const settled = { ...context, signal: stop };
    if (cancel.signal.reason instanceof Cancelled) await cancelTask(settled, cancel.signal.reason);
    else await failTask(settled, failureOf(error, deps));
  } finally {
    renewal.stop();
    cancel.close();
    await lease.release();
  }
}

/** Before the first act every executor learns of the new epoch, so that a predecessor that wakes up can change nothing. */
async function fence(deps: TaskDeps, writer: LogWriter, signal: AbortSignal): Promise<void> {
  const holder = { team: deps.team, log: logName(writer.key), epoch: writer.epoch };
  await Promise.all([
    patiently(() => rpc(deps.broker.fence.bind(deps.broker), { holder }, { signal }), signal),
    patiently(() => rpc(deps.calls.fence.bind(deps.calls), holder, { signal }), signal),
  ]);
}

async function contextOf(deps: TaskDeps, writer: LogWriter, signal: AbortSignal): Promise<TaskContext> {
  const { submitted } = writer.state;
  if (submitted?.manifest === undefined || submitted.task === undefined)
    throw new Error("a task log starts with a task");
  const manifest = decodeManifest(await deps.blobs.get(submitted.manifest));
  const outputs = Object.fromEntries(Object.entries(manifest.spec.outputs).map(([name, { path }]) => [name, path]));
  return {
    deps,
    writer,
    manifest,
    policy: createManifestPolicy({ tools: manifest.spec.agent.tools, outputs }),
    submitted,
    task: submitted.task,
    logger: deps.logger,
    signal,
    answers: await loadAnswers({ writer, deps }),
    sandbox: undefined,
  };
}

function failureOf(error: unknown, { logger }: TaskDeps) {
  if (error instanceof RpcError && error.reason !== "INTERNAL") {
    const message = [error.message, error.mend].filter(Boolean).join("; ");
    return { reason: error.reason, message, retryable: error.retryable };
  }
  logger.error({ err: error }, "task failed unexpectedly");
  return {
    reason: "INTERNAL",
    message: "the worker met an unexpected error; its log has the details",
    retryable: true,
  };
}

const isFenced = (error: unknown): boolean =>
  (error instanceof RunLogError && error.code === "FENCED") || (error instanceof RpcError && error.reason === "FENCED");
