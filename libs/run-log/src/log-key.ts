/** Identifier of a run: lowercase letters, digits and dashes, 1 to 40 characters. One token of a NATS subject. */
export type RunId = string & { readonly __brand: "RunId" };
/** Identifier of a task within its run; same alphabet as {@link RunId}. */
export type TaskId = string & { readonly __brand: "TaskId" };
/** Team, as the caller's credentials name it; same alphabet as {@link RunId}. */
export type Team = string & { readonly __brand: "Team" };

const token = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

function parse(kind: string, text: string): string {
  if (!token.test(text)) {
    throw new TypeError(`${kind} ${JSON.stringify(text)} must be 1 to 40 lowercase letters, digits or inner dashes`);
  }
  return text;
}

export const RunId = (text: string): RunId => parse("run id", text) as RunId;
export const TaskId = (text: string): TaskId => parse("task id", text) as TaskId;
export const Team = (text: string): Team => parse("team", text) as Team;

/**
 * Names one log: of a run, or of one of its tasks. A task has a log of its own because a log has exactly one writer per
 * epoch: the planner owns the run's log, and the worker that carries out a task owns the task's.
 */
export interface LogKey {
  readonly team: Team;
  readonly run: RunId;
  readonly task?: TaskId;
}

/**
 * Identifier of the log of one attempt at a task: `t001` for the first, `t001-a2` for the second. The attempts of a task
 * share its id in events and views, and each has a log, hence an owner, of its own.
 */
export const taskLogId = (taskId: string, attempt: number): TaskId =>
  TaskId(attempt === 1 ? taskId : `${taskId}-a${attempt}`);

/** `<run>` or `<run>/<task>`: the CloudEvents `subject` and the name that people see. */
export function logName(key: LogKey): string {
  return key.task === undefined ? key.run : `${key.run}/${key.task}`;
}

export function parseLogName(team: Team, name: string): LogKey {
  const [run = "", task, ...rest] = name.split("/");
  if (rest.length > 0) throw new TypeError(`log name ${JSON.stringify(name)} must be <run> or <run>/<task>`);
  return task === undefined ? { team, run: RunId(run) } : { team, run: RunId(run), task: TaskId(task) };
}

const stem = (key: LogKey): string =>
  `cofferdam.${key.team}.run.${key.run}${key.task === undefined ? "" : `.task.${key.task}`}`;

/** Subject of the log in stream RUNS: `cofferdam.<team>.run.<run>.log` or `cofferdam.<team>.run.<run>.task.<task>.log`. */
export const logSubject = (key: LogKey): string => `${stem(key)}.log`;
/** Subject of the inbox in stream INBOX. */
export const inboxSubject = (key: LogKey): string => `${stem(key)}.inbox`;
/** Subject of live deltas; in no stream. */
export const liveSubject = (key: LogKey): string => `${stem(key)}.live`;
/** Filter for a run's log and those of all its tasks. */
export const runFilter = (team: Team, run: RunId): string[] => [
  `cofferdam.${team}.run.${run}.log`,
  `cofferdam.${team}.run.${run}.task.*.log`,
];

export function parseLogSubject(subject: string): LogKey {
  const m = /^cofferdam\.([^.]+)\.run\.([^.]+)(?:\.task\.([^.]+))?\.log$/.exec(subject);
  if (!m?.[1] || !m[2]) throw new TypeError(`${JSON.stringify(subject)} is not the subject of a run log`);
  const key = { team: Team(m[1]), run: RunId(m[2]) };
  return m[3] === undefined ? key : { ...key, task: TaskId(m[3]) };
}
