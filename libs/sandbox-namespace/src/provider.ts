import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import {
  type Enforcement,
  type Owner,
  type Reaped,
  type Sandbox,
  SandboxError,
  type SandboxProvider,
  type SandboxSpec,
  type TierReport,
} from "@cofferdam/sandbox-provider";
import { type Cgroups, detectCgroups, existingGroups, removeParents } from "./cgroup/detect.ts";
import { Group } from "./cgroup/group.ts";
import { systemArguments, thisMachine } from "./machine.ts";
import { assertReachable, prepareRuntime, type Runtime } from "./runtime.ts";
import { killRunning } from "./running-records.ts";
import { NamespaceSandbox } from "./sandbox.ts";
import { SandboxFolders } from "./sandbox-folders.ts";
import { defaultUidRange, type UidRange, UidRegistry } from "./uids.ts";

export interface NamespaceProviderOptions {
  /** Path of bubblewrap, see `findBubblewrap`. */
  readonly bwrap: string;
  /** Folder of this provider alone, for sandboxes. If the caller is root, others must be able to enter it. */
  readonly root: string;
  /** Ids for sandboxes when the caller is root. */
  readonly uids?: UidRange;
  /** The machine's register of those ids. */
  readonly uidRegistry?: string;
  /** Version 2 control group that was delegated to the caller. */
  readonly delegatedCgroup?: string;
}

const DEFAULT_UID_REGISTRY = "/var/lib/cofferdam/uids";
const validId = /^[a-z0-9][a-z0-9-]{0,62}$/;
const validFolder = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

/** The `namespace` tier. @throws {SandboxError} `TIER_UNAVAILABLE` where it cannot work. */
export async function createNamespaceProvider(options: NamespaceProviderOptions): Promise<NamespaceProvider> {
  const machine = thisMachine();
  mkdirSync(join(options.root, "sandboxes"), { recursive: true, mode: 0o711 });
  const root = realpathSync(options.root);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) assertReachable(join(root, "sandboxes"));
  const runtime = prepareRuntime(join(root, "runtime"), options.bwrap, machine);
  const key = createHash("sha256").update(root).digest("hex").slice(0, 12);
  return new NamespaceProvider({
    folder: join(root, "sandboxes"),
    runtime,
    system: systemArguments(runtime.emptyFile),
    cgroups: await detectCgroups(`cofferdam/${key}`, options.delegatedCgroup),
    ...(asRoot
      ? { uids: new UidRegistry(options.uidRegistry ?? DEFAULT_UID_REGISTRY, options.uids ?? defaultUidRange) }
      : {}),
  });
}

interface Parts {
  readonly folder: string;
  readonly runtime: Runtime;
  readonly system: readonly string[];
  readonly cgroups: Cgroups;
  /** Present if the caller is root: sandboxes then never run as the caller. */
  readonly uids?: UidRegistry;
}

export class NamespaceProvider implements SandboxProvider {
  readonly tier = "namespace";
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get capabilities() {
    const { cgroups } = this.#parts;
    return { freezesRunning: cgroups.usable && cgroups.parents.control !== undefined };
  }

  describe(): TierReport {
    return { available: true, enforcement: this.#enforcement() };
  }

  async reap(): Promise<Reaped> {
    const { cgroups, folder } = this.#parts;
    const groups = cgroups.usable ? existingGroups(cgroups.parents) : [];
    const stuck: SandboxError[] = [];
    let removed = 0;
    for (const name of new Set([...groups, ...readdirSync(folder)])) {
      try {
        await this.#remove(name);
        removed++;
      } catch (cause) {
        const message = `sandbox ${name} of an earlier life cannot be removed`;
        stuck.push(new SandboxError("DESTROY_FAILED", message, "look at its processes, then restart", cause));
      }
    }
    return { removed, stuck };
  }

  async #remove(name: string): Promise<void> {
    const { cgroups, folder, uids } = this.#parts;
    if (cgroups.usable) await new Group(cgroups.parents, name).destroy();
    const folders = new SandboxFolders(join(folder, name), []);
    killRunning(folders.running);
    await folders.remove();
    uids?.release(folders.root);
  }

  async create(spec: SandboxSpec): Promise<Sandbox> {
    assertSpec(spec);
    const folders = new SandboxFolders(join(this.#parts.folder, spec.id), spec.readOnlyFolders);
    const { uids, cgroups, runtime, system } = this.#parts;
    mkdirSync(folders.root, { mode: 0o700 });
    const group = cgroups.usable ? new Group(cgroups.parents, spec.id) : undefined;
    const released = () => uids?.release(folders.root);
    try {
      const owner = this.#ownerFor(folders.root);
      folders.create(owner, uids !== undefined);
      group?.create(spec.limits);
      const foreign = uids !== undefined;
      return new NamespaceSandbox({
        spec,
        folders,
        owner,
        foreign,
        runtime,
        system,
        released,
        ...(group ? { group } : {}),
      });
    } catch (error) {
      await group?.destroy();
      await folders.remove();
      released();
      throw error;
    }
  }

  /** Lets go of the machine. Sandboxes must have been destroyed. */
  close(): void {
    const { cgroups, uids } = this.#parts;
    if (cgroups.usable) removeParents(cgroups.parents);
    uids?.close();
  }

  #ownerFor(folder: string): Owner {
    const { uids } = this.#parts;
    if (uids === undefined) return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
    const uid = uids.claim(folder);
    return { uid, gid: uid };
  }

  #enforcement(): Enforcement {
    const { cgroups } = this.#parts;
    const grouped = cgroups.usable ? `cgroup v${cgroups.parents.version}` : `none (${cgroups.reason})`;
    return {
      memory: grouped,
      pids: cgroups.usable ? grouped : `RLIMIT_NPROC of each command (${cgroups.reason})`,
      cpu: grouped,
      disk: "RLIMIT_FSIZE per file; the sum is measured while commands run, and they are killed above it",
      timeout: "kill of the pid namespace",
      output: "kill of the pid namespace",
    };
  }
}

function assertSpec(spec: SandboxSpec): void {
  if (!validId.test(spec.id)) throw invalid(`sandbox id ${JSON.stringify(spec.id)}`);
  for (const name of spec.readOnlyFolders)
    if (!validFolder.test(name)) throw invalid(`folder name ${JSON.stringify(name)}`);
}

const invalid = (what: string): SandboxError =>
  new SandboxError("ARGUMENT_INVALID", `${what} is not allowed`, "use letters, digits and inner dashes");
