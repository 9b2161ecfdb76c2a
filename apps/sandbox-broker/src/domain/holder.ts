import type { sandbox } from "@cofferdam/contracts";
import { RpcError } from "@cofferdam/service";
import { invalid } from "./errors.ts";

/** Who acts, checked. */
export interface Holder {
  readonly team: string;
  readonly log: string;
  readonly epoch: number;
}

const logName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}(?:\/[A-Za-z0-9][A-Za-z0-9_-]{0,127})?$/;

/** @throws {RpcError} `ARGUMENT_INVALID`, or `WRONG_TEAM` if this broker serves another one. */
export function holderOf(given: sandbox.Holder | undefined, team: string): Holder {
  if (given === undefined) throw invalid("holder", "is missing", "name the team, the log and the epoch");
  if (given.team !== team) {
    throw new RpcError({
      status: "PERMISSION_DENIED",
      reason: "WRONG_TEAM",
      message: `this broker serves team ${team}, not ${JSON.stringify(given.team.slice(0, 60))}`,
      mend: "call the broker of your team",
    });
  }
  if (!logName.test(given.log))
    throw invalid(
      "holder.log",
      `${JSON.stringify(given.log.slice(0, 80))} is no log name`,
      "write <run> or <run>/<task>",
    );
  if (!Number.isSafeInteger(given.epoch) || given.epoch < 0)
    throw invalid("holder.epoch", "is no epoch", "give the epoch of the claim");
  return { team: given.team, log: given.log, epoch: given.epoch };
}
