/** An event of a log, with the time at which its writer made it. */
export interface TimedEvent {
  readonly type: string;
  readonly atMs: number;
  readonly data: unknown;
}

/**
 * Durations in milliseconds of what a step goes through. An event's time is that of its making, before it is appended:
 * a span holds the append of the event at its beginning, and of those staged before that went with it.
 */
export function phasesOf(events: readonly TimedEvent[]): Readonly<Record<string, readonly number[]>> {
  const cycles = cyclesOf(events);
  const span = (from: string, to: string): number[] =>
    cycles.flatMap((cycle) => {
      const [begin, end] = [cycle.get(from), cycle.get(to)];
      return begin === undefined || end === undefined ? [] : [end.atMs - begin.atMs];
    });
  const exec = cycles.flatMap((cycle) => wallMs(cycle.get("step.committed")));
  const step = span("step.started", "step.committed");
  return {
    "model turn: model.requested to model.responded": span("model.requested", "model.responded"),
    "policy: model.responded to policy.decided": span("model.responded", "policy.decided"),
    "intent: policy.decided to step.started": span("policy.decided", "step.started"),
    "step: step.started to step.committed": step,
    "  of it the command, by the broker's clock": exec,
    "  of it the rest: append, calls, checkpoint": step.map((ms, i) => ms - (exec[i] ?? 0)),
    "commit: step.committed to the next model.requested": span("step.committed", "next"),
    "whole cycle, model turn and step": span("model.requested", "next"),
  };
}

/** One for each step that is followed by another model turn; the first is left out, for it warms caches. */
function cyclesOf(events: readonly TimedEvent[]): readonly ReadonlyMap<string, TimedEvent>[] {
  const cycles: Map<string, TimedEvent>[] = [];
  for (const event of events) {
    if (event.type === "model.requested") {
      cycles.at(-1)?.set("next", event);
      cycles.push(new Map());
    }
    cycles.at(-1)?.set(event.type, event);
  }
  return cycles.slice(1).filter((cycle) => cycle.has("next"));
}

/** What the model was told of the command's duration, in milliseconds. */
function wallMs(event: TimedEvent | undefined): number[] {
  const found = /Wall time: ([\d.]+) seconds/.exec(JSON.stringify(event?.data ?? ""));
  return found === null ? [] : [Number(found[1]) * 1_000];
}
