import type { events } from "@cofferdam/contracts";
import {
  type Answering,
  isTerminal,
  type LogEvent,
  openDoorbells,
  openInbox,
  openLeases,
  openRunLog,
  RunLogError,
  type Team,
} from "@cofferdam/run-log";
import type { NatsConnection } from "@nats-io/nats-core";

/** How a task of the test's worker ends. */
export type Outcome = { readonly failure: events.Failure } | "completed" | "hangs";

export interface TestWorker {
  /** Logs of tasks that were carried out, by identifier, as often as they were begun by this worker. */
  readonly carriedOut: string[];
  /** Most tasks that were under way at once. */
  readonly peak: () => number;
  close(): Promise<void>;
}

/**
 * A worker over real logs, bells, inboxes and leases whose tasks do nothing. `outcome` says how each attempt ends;
 * `hangs` waits for a cancel.
 */
export async function startTestWorker(
  nc: NatsConnection,
  team: Team,
  instance: string,
  outcome: (task: events.TaskSpec) => Outcome | Promise<Outcome> = () => "completed",
  slots = 16,
): Promise<TestWorker> {
  const log = openRunLog({ nc, team, instance, service: "test-worker" });
  const bells = openDoorbells({ nc, team });
  const inbox = openInbox({ nc });
  const leases = await openLeases({ nc, team, instance });
  const carriedOut: string[] = [];
  let running = 0;
  let peak = 0;
  const answering: Answering = await bells.answer("task", { maxInFlight: slots }, async (key, { signal }) => {
    const before = await log.read(key);
    if (before.status === "absent" || isTerminal(before)) return bells.ring("plan", { team, run: key.run });
    if (!(await leases.awaitSilence(key))) return;
    const writer = await log.claim(key);
    const lease = await leases.hold(key, writer.epoch);
    peak = Math.max(peak, ++running);
    try {
      const spec = writer.state.submitted?.task;
      if (spec === undefined) throw new TypeError("a task's log without a task");
      carriedOut.push(key.task ?? "");
      if (writer.state.started === undefined) {
        await writer.append([
          { type: "task.started", data: { taskId: spec.taskId, itemPath: `item-${spec.item ?? ""}` } },
        ]);
      }
      const ended = await outcome(spec);
      if (ended === "hangs") await writer.append(await cancelOf(inbox, key, signal));
      else await writer.append([ended === "completed" ? completed(spec) : failed(ended.failure)]);
      await bells.ring("plan", { team, run: key.run });
    } finally {
      running--;
      await lease.release();
    }
  });
  return {
    carriedOut,
    peak: () => peak,
    close: async () => {
      await answering.close();
      await leases.close();
    },
  };
}

async function cancelOf(
  inbox: ReturnType<typeof openInbox>,
  key: Parameters<typeof inbox.read>[0],
  signal: AbortSignal,
) {
  const message = await new Promise<Awaited<ReturnType<typeof inbox.read>>[number]>((resolve, reject) => {
    const watch = inbox.watch(key, (m) => {
      watch.close();
      resolve(m);
    });
    signal.addEventListener("abort", () => {
      watch.close();
      reject(new RunLogError("CLOSED", "the worker stops"));
    });
  });
  const { id, command, principal, reason } = message;
  const list: LogEvent[] = [
    { type: "command.accepted", data: { commandId: id, command, principal } },
    { type: "run.cancelled", data: { reason, principal } },
  ];
  return list;
}

const completed = (spec: events.TaskSpec): LogEvent => ({
  type: "run.completed",
  data: {
    result: {
      taskId: spec.taskId,
      outputsTreeDigest: `sha256:${"1".repeat(64)}`,
      usage: undefined,
      steps: 1,
      summary: `did ${spec.taskId}`,
      itemPath: "",
      published: [],
      snapshotDigest: "",
    },
  },
});

const failed = (failure: events.Failure): LogEvent => ({ type: "run.failed", data: { failure, usage: undefined } });
