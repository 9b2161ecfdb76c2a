import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { sandbox } from "@cofferdam/contracts";
import {
  assertCommand,
  assertWritable,
  filePath,
  type Limits,
  makeFolders,
  type Sandbox,
  type SandboxProvider,
  withDefaults,
} from "@cofferdam/sandbox-provider";
import { type Logger, RpcError } from "@cofferdam/service";
import { invalid } from "./domain/errors.ts";
import type { Holder } from "./domain/holder.ts";
import { Lease } from "./domain/lease.ts";
import { isDigest, mountPlans, type MountPlan, topsOf } from "./domain/mounts.ts";
import type { WorkspaceStore } from "./domain/workspace-store.ts";
import { HeldSandbox } from "./held-sandbox.ts";
import type { Sandboxes } from "./sandboxes.ts";

export interface AcquireParts {
  readonly provider: SandboxProvider;
  readonly sandboxes: Sandboxes;
  readonly store: WorkspaceStore;
  readonly now: () => number;
  readonly logger: Logger;
}

/** A request of which every field was looked at. */
interface Wanted {
  readonly holder: Holder;
  readonly limits: Limits;
  readonly mounts: readonly MountPlan[];
  readonly request: sandbox.AcquireRequest;
}

interface Acquisition {
  readonly made: Promise<HeldSandbox>;
  held?: HeldSandbox;
}

/** Makes sandboxes, each once per idempotency key. */
export class Acquirer {
  readonly #parts: AcquireParts;
  readonly #byKey = new Map<string, Acquisition>();

  constructor(parts: AcquireParts) {
    this.#parts = parts;
  }

  /** The sandbox of this key: the one that lives, the one that is being made, or a new one. */
  async acquire(holder: Holder, request: sandbox.AcquireRequest): Promise<HeldSandbox> {
    const { sandboxes } = this.#parts;
    sandboxes.admit(holder);
    const wanted = this.#checked(holder, request);
    const key = `${holder.log} ${request.acquireId}`;
    const earlier = this.#byKey.get(key);
    const found = await earlier?.made.catch(() => undefined);
    if (found !== undefined && sandboxes.all().includes(found)) {
      found.passTo(holder);
      found.lease.renew(request.leaseMs);
      return found;
    }
    if (this.#byKey.get(key) !== earlier) return this.acquire(holder, request);
    const acquisition: Acquisition = { made: this.#make(wanted) };
    this.#byKey.set(key, acquisition);
    try {
      acquisition.held = await acquisition.made;
      return acquisition.held;
    } catch (error) {
      if (this.#byKey.get(key) === acquisition) this.#byKey.delete(key);
      throw error;
    }
  }

  /** Forgets the keys of sandboxes that are no more. */
  prune(): void {
    const living = new Set(this.#parts.sandboxes.all());
    for (const [key, { held }] of this.#byKey) if (held !== undefined && !living.has(held)) this.#byKey.delete(key);
  }

  #checked(holder: Holder, request: sandbox.AcquireRequest): Wanted {
    const { provider } = this.#parts;
    if (request.tier !== "" && request.tier !== provider.tier) throw noTier(request.tier, provider.tier);
    if (request.acquireId === "") throw invalid("acquire_id", "is empty", "give an idempotency key");
    if (request.snapshotDigest !== "" && !isDigest(request.snapshotDigest)) {
      throw invalid("snapshot_digest", "is no digest", "give sha256:<64 hex digits>");
    }
    assertCommand(["true"], request.environment);
    const mounts = mountPlans(request.mounts);
    for (const path of request.directories) assertWritable(filePath(path), topsOf(mounts));
    return { holder, mounts, limits: withDefaults(request.limits), request };
  }

  async #make(wanted: Wanted): Promise<HeldSandbox> {
    const { holder, limits, mounts, request } = wanted;
    const { provider, sandboxes, now } = this.#parts;
    const readOnlyFolders = topsOf(mounts);
    const id = `sb-${randomBytes(10).toString("hex")}`;
    const made = await provider.create({ id, limits, environment: request.environment, readOnlyFolders });
    const lease = new Lease(now, request.leaseMs);
    const held = new HeldSandbox({ sandbox: made, holder, limits, lease, readOnlyFolders });
    try {
      await this.#fill(made, request.snapshotDigest, mounts);
      await makeFolders(
        made,
        request.directories.map((path) => filePath(path)),
      );
      // Slow as that was, another owner may have come meanwhile.
      sandboxes.admit(holder);
      lease.renew(request.leaseMs);
      sandboxes.add(held);
      return held;
    } catch (error) {
      await made.destroy();
      throw error;
    }
  }

  async #fill(made: Sandbox, snapshotDigest: string, mounts: readonly MountPlan[]): Promise<void> {
    const { store } = this.#parts;
    const { owner } = made;
    if (snapshotDigest !== "") await store.restore({ digest: snapshotDigest, into: made.workspace, paths: [], owner });
    for (const { top, target, treeDigest, paths } of mounts) {
      const into = join(made.readOnlyFolder(top), relative(top, target));
      await mkdir(dirname(into), { recursive: true, mode: 0o755 });
      await mkdir(into, { recursive: true, mode: 0o755 });
      await store.restore({ digest: treeDigest, into, paths, owner });
      store.forget(into);
    }
  }
}

const noTier = (wanted: string, here: string): RpcError =>
  new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "TIER_UNAVAILABLE",
    message: `this broker has no tier ${JSON.stringify(wanted.slice(0, 60))}, only ${here}`,
    mend: `ask for tier ${here}, or start a broker that has the other`,
  });
