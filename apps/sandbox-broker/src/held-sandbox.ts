import type { Limits, Sandbox } from "@cofferdam/sandbox-provider";
import { KeptOutputs } from "./adapters/kept-outputs.ts";
import { lostNow } from "./domain/errors.ts";
import type { Holder } from "./domain/holder.ts";
import type { Lease } from "./domain/lease.ts";
import { Mutex } from "./domain/mutex.ts";
import type { RunningExec } from "./running-exec.ts";

const MAX_KEPT_BYTES = 256 * 2 ** 20;
const MAX_KEPT_FILES = 256;

/** A living sandbox and who holds it. */
export class HeldSandbox {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly limits: Limits;
  readonly lease: Lease;
  /** Folders directly below the workspace that are not part of its checkpoints. */
  readonly readOnlyFolders: readonly string[];
  /** Commands by exec id, from start to the recording of their outcome. */
  readonly running = new Map<string, RunningExec>();
  /** Outputs of commands that ended, for repeated requests. */
  readonly kept = new KeptOutputs(MAX_KEPT_BYTES, MAX_KEPT_FILES);
  /** Checkpoints, file changes and the starting of commands exclude each other. */
  readonly turn = new Mutex();
  #holder: Holder;
  #lost: string | undefined;

  constructor(parts: {
    readonly sandbox: Sandbox;
    readonly holder: Holder;
    readonly limits: Limits;
    readonly lease: Lease;
    readonly readOnlyFolders: readonly string[];
  }) {
    this.id = parts.sandbox.id;
    this.sandbox = parts.sandbox;
    this.#holder = parts.holder;
    this.limits = parts.limits;
    this.lease = parts.lease;
    this.readOnlyFolders = parts.readOnlyFolders;
  }

  get holder(): Holder {
    return this.#holder;
  }

  /** The newest epoch of its log owns a sandbox, with what runs in it. */
  passTo(holder: Holder): void {
    if (holder.epoch > this.#holder.epoch) this.#holder = holder;
  }

  /** From now on every call, also one under way, fails with `SANDBOX_LOST`. The first reason stays. */
  markLost(reason: string): void {
    this.#lost ??= reason;
  }

  /** @throws {RpcError} `SANDBOX_LOST` */
  assertNotLost(): void {
    if (this.#lost !== undefined) throw lostNow(this.id, this.#lost);
  }
}
