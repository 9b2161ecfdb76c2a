import type { run } from "@cofferdam/contracts";
import { type LogKey, RunId, type RunLog, type RunState, taskLogId, type Team } from "@cofferdam/run-log";
import { RpcError } from "@cofferdam/service";
import { type TaskLog, type TimedEvent, viewRun } from "../../domain/run-view.ts";

const DEFAULT_PAGE = 50;
const MAX_PAGE = 500;

/** Views of runs, folded from their logs at each question. */
export class RunReader {
  readonly #team: Team;
  readonly #log: RunLog;

  constructor(team: Team, log: RunLog) {
    this.#team = team;
    this.#log = log;
  }

  /** The run's state; NOT_FOUND if no such run was accepted. */
  async submitted(runId: RunId): Promise<RunState> {
    const state = await this.#log.read({ team: this.#team, run: runId });
    if (state.submitted !== undefined) return state;
    throw new RpcError({
      status: "NOT_FOUND",
      reason: "NO_SUCH_RUN",
      message: `there is no run ${runId}`,
      mend: "`cofferdam runs` lists them",
      metadata: { run: runId },
    });
  }

  async get(runId: RunId): Promise<run.Run> {
    const root = await this.submitted(runId);
    const logs = new Map<string, TaskLog>();
    await Promise.all(
      [...root.tasks.values()].map(async (task) => {
        if (task.attempt === 0) return;
        const log = await this.#taskLog({ team: this.#team, run: runId, task: taskLogId(task.taskId, task.attempt) });
        if (log !== undefined) logs.set(task.taskId, log);
      }),
    );
    return viewRun(runId, root, logs);
  }

  /** Newest first. The token is the place of the last run of the page before. */
  async list({ pageSize, pageToken }: run.ListRunsRequest): Promise<run.ListRunsResponse> {
    const size = pageSize === 0 ? DEFAULT_PAGE : Math.min(pageSize, MAX_PAGE);
    const states: { runId: RunId; state: RunState }[] = [];
    for (const { key } of await this.#log.heads()) {
      if (key.task !== undefined) continue;
      const state = await this.#log.read(key);
      if (state.submitted !== undefined) states.push({ runId: key.run, state });
    }
    const place = (item: (typeof states)[number]) => `${item.state.submittedAt}/${item.runId}`;
    const sorted = states.toSorted((a, b) => (place(a) < place(b) ? 1 : -1));
    const rest = pageToken === "" ? sorted : sorted.filter((item) => place(item) < pageToken);
    const page = rest.slice(0, size);
    const last = page.at(-1);
    const nextPageToken = rest.length > size && last !== undefined ? place(last) : "";
    return { runs: page.map(({ runId, state }) => viewRun(runId, state, new Map())), nextPageToken };
  }

  async #taskLog(key: LogKey): Promise<TaskLog | undefined> {
    const history: TimedEvent[] = [];
    for await (const { valid, event, envelope } of this.#log.history(key)) {
      if (valid && event !== undefined && envelope !== undefined)
        history.push({ event, timeMs: Date.parse(envelope.time) });
    }
    return history.length === 0 ? undefined : { state: await this.#log.read(key), history };
  }
}
