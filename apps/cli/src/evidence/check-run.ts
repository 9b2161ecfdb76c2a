import type { run } from "@cofferdam/contracts";
import { type CommandContext, homeOf } from "../commands/context.ts";
import type { LedgerVerdict } from "../render/report-data.ts";
import type { Session } from "../session.ts";
import { verdictOf, verifyHome } from "./verify-home.ts";

/** The ledger follows the run log within milliseconds; after this long something is wrong with it. */
const AWAIT_MS = 30_000;

/** Waits until the ledger has signed the run's last event, then verifies the run from files. */
export async function checkRun(context: CommandContext, session: Session, view: run.Run): Promise<LedgerVerdict> {
  const control = { timeoutMs: AWAIT_MS, signal: context.signal };
  await session.call((client) => client.evidence.awaitRun(view.runId, control), context.signal);
  return verdictOf(await verifyHome(homeOf(context), { run: view.runId }));
}
