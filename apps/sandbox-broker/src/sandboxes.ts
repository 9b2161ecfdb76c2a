import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "@cofferdam/service";
import { RpcError } from "@cofferdam/service";
import type { BrokerState, Ending } from "./adapters/state.ts";
import { fenced, lostBefore } from "./domain/errors.ts";
import type { Holder } from "./domain/holder.ts";
import type { HeldSandbox } from "./held-sandbox.ts";

export interface SandboxesParts {
  readonly state: BrokerState;
  /** Folder for the outputs of commands. */
  readonly journals: string;
  readonly logger: Logger;
  /** Called when nothing is left of a sandbox. */
  readonly ended: (held: HeldSandbox) => void;
}

/** The living sandboxes, and the rule that only the newest epoch of a log may touch its own. */
export class Sandboxes {
  readonly #state: BrokerState;
  readonly #journals: string;
  readonly #logger: Logger;
  readonly #ended: (held: HeldSandbox) => void;
  readonly #living = new Map<string, HeldSandbox>();
  readonly #ending = new Set<Promise<void>>();

  constructor(parts: SandboxesParts) {
    this.#state = parts.state;
    this.#journals = parts.journals;
    this.#logger = parts.logger;
    this.#ended = parts.ended;
  }

  all(): readonly HeldSandbox[] {
    return [...this.#living.values()];
  }

  /** Where the outputs of a sandbox's commands are kept. */
  journalsOf(id: string): string {
    return join(this.#journals, id);
  }

  /**
   * Lets a holder act. A higher epoch than any before is remembered for ever. Returns how many living sandboxes of lower
   * epochs the log has: they pass to this one when it asks for them. @throws {RpcError} `FENCED`
   */
  admit(holder: Holder): number {
    const highest = this.#state.highestEpoch(holder.log);
    if (holder.epoch < highest) throw fenced(holder.log, holder.epoch, highest);
    if (holder.epoch > highest) this.#state.raiseEpoch(holder.log, holder.epoch);
    return this.all().filter(({ holder: { log, epoch } }) => log === holder.log && epoch < holder.epoch).length;
  }

  add(held: HeldSandbox): void {
    this.#state.addSandbox(held.id, held.holder);
    this.#living.set(held.id, held);
  }

  /** The holder's sandbox. @throws {RpcError} `FENCED`, `SANDBOX_LOST`, `SANDBOX_RELEASED`, `SANDBOX_UNKNOWN` */
  find(holder: Holder, id: string): HeldSandbox {
    this.admit(holder);
    const held = this.#living.get(id);
    if (held?.holder.log === holder.log) {
      held.assertNotLost();
      held.passTo(holder);
      return held;
    }
    const ending = this.#state.endingOf(id);
    if (ending?.log !== holder.log) throw unknown(id);
    if (ending.state === "lost") throw lostBefore(id, ending.reason);
    throw new RpcError({
      status: "NOT_FOUND",
      reason: "SANDBOX_RELEASED",
      message: `sandbox ${id} was released`,
      mend: "acquire another one",
      metadata: { sandboxId: id },
    });
  }

  /**
   * Runs an act on a sandbox when it is its turn. Whoever waited is looked at again: between its call and its turn
   * another owner may have come, and after that nothing of the earlier one may begin.
   */
  inTurn<T>(held: HeldSandbox, holder: Holder, act: () => Promise<T>): Promise<T> {
    return held.turn.run(() => {
      this.admit(holder);
      held.assertNotLost();
      return act();
    });
  }

  lose(held: HeldSandbox, reason: string): Promise<void> {
    held.markLost(reason);
    if (this.#living.has(held.id))
      this.#logger.warn({ sandbox: held.id, log: held.holder.log, reason }, "sandbox lost");
    return this.#end(held, { state: "lost", reason });
  }

  /** Ends the holder's sandbox in good order; one that has ended already is fine. */
  async releaseOf(holder: Holder, id: string): Promise<void> {
    this.admit(holder);
    const held = this.#living.get(id);
    if (held === undefined && this.#state.endingOf(id)?.log === holder.log) return;
    const found = this.find(holder, id);
    found.markLost("it was released");
    await this.#end(found, { state: "released", reason: "" });
  }

  /** Ends every sandbox whose lease ran out. */
  async reapExpired(): Promise<void> {
    const expired = this.all().filter((held) => held.lease.expired);
    await Promise.all(expired.map((held) => this.lose(held, "its lease ran out")));
  }

  /** Resolves when nothing is left of the sandboxes that ended so far. */
  async settled(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
  }

  /** Resolves when the sandbox's processes and folders are gone; its records may follow. */
  async #end(held: HeldSandbox, ending: Ending): Promise<void> {
    if (this.#living.delete(held.id)) {
      this.#state.endSandbox(held.id, ending);
      const forgotten = this.#forget(held);
      this.#ending.add(forgotten);
      void forgotten.then(() => this.#ending.delete(forgotten));
    }
    try {
      await held.sandbox.destroy();
    } catch (error) {
      // What is left keeps its user id and its folder, so nobody else can get either; the next start tries again.
      this.#logger.error({ sandbox: held.id, err: error }, "sandbox could not be removed");
    }
  }

  async #forget(held: HeldSandbox): Promise<void> {
    const outcomes = [...held.running.values()].map((exec) => exec.outcome);
    await Promise.allSettled([held.sandbox.destroy(), ...outcomes]);
    await rm(this.journalsOf(held.id), { recursive: true, force: true });
    this.#ended(held);
  }
}

const unknown = (id: string): RpcError =>
  new RpcError({
    status: "NOT_FOUND",
    reason: "SANDBOX_UNKNOWN",
    message: `no sandbox ${JSON.stringify(id.slice(0, 80))} belongs to this log`,
    mend: "acquire one",
  });
