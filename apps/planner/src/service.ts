import {
  ensureStreams,
  logName,
  openDoorbells,
  openInbox,
  openLeases,
  openRunLog,
  RunLogError,
  type Team,
} from "@cofferdam/run-log";
import type { Logger, Service } from "@cofferdam/service";
import type { NatsConnection } from "@nats-io/nats-core";
import { RunPlanner } from "./adapters/run-planner.ts";
import { Sweeper } from "./adapters/sweeper.ts";

export interface PlannerDeps {
  readonly nc: NatsConnection;
  readonly team: Team;
  readonly instance: string;
  readonly logger: Logger;
  /** Runs looked at side by side; 32 by default. */
  readonly maxInFlight?: number;
  /** How soon a log without progress and without a bell is noticed; 2 s by default. */
  readonly sweepMs?: number;
}

/** Starts the run state machine: it answers `plan` bells. Any number of instances may run; each run's log decides who writes. */
export async function createPlanner(deps: PlannerDeps): Promise<Service> {
  const { nc, team, instance, logger } = deps;
  await ensureStreams(nc);
  const log = openRunLog({ nc, team, instance, service: "planner" });
  const bells = openDoorbells({ nc, team });
  const leases = await openLeases({ nc, team, instance });
  const planner = new RunPlanner({ log, inbox: openInbox({ nc }), bells, logger });
  const answering = await bells.answer(
    "plan",
    {
      maxInFlight: deps.maxInFlight ?? 32,
      onError: (error, key) => {
        const fields = { err: error, ...(key === undefined ? {} : { log: logName(key) }) };
        const isRace = error instanceof RunLogError && error.code === "FENCED";
        if (isRace) logger.debug(fields, "another planner was faster");
        else logger.warn(fields, "planning failed; the bell rings again");
      },
    },
    (key, { signal }) => planner.look(key, signal),
  );
  const sweeper = new Sweeper({ log, bells, leases, logger, intervalMs: deps.sweepMs ?? 2_000 }).start();
  return {
    close: async () => {
      await Promise.all([answering.close(), sweeper.close()]);
      await leases.close();
    },
  };
}
