import {
  type Command,
  assertCommand,
  type Execution,
  type LimitName,
  type Owner,
  type Sandbox,
  SandboxError,
  type SandboxSpec,
} from "@cofferdam/sandbox-provider";
import { bubblewrapOptions } from "./arguments.ts";
import type { Group } from "./cgroup/group.ts";
import { watchDisk } from "./disk-watch.ts";
import { NamespaceExecution } from "./execution.ts";
import { launchCommand } from "./launch.ts";
import { Fifos } from "./fifos.ts";
import { forgetRunning, noteRunning } from "./running-records.ts";
import type { Runtime } from "./runtime.ts";
import type { SandboxFolders } from "./sandbox-folders.ts";

export interface SandboxParts {
  readonly spec: SandboxSpec;
  readonly folders: SandboxFolders;
  readonly owner: Owner;
  /** True if the owner is another user than the broker. */
  readonly foreign: boolean;
  readonly runtime: Runtime;
  readonly system: readonly string[];
  /** Absent where control groups cannot be used. */
  readonly group?: Group;
  /** Gives back what the provider lent. */
  readonly released: () => void;
}

const base = {
  PATH: "/opt/cofferdam/bin:/usr/local/bin:/usr/bin:/bin",
  HOME: "/workspace",
  USER: "agent",
  LOGNAME: "agent",
  SHELL: "/bin/bash",
  LANG: "C.UTF-8",
  TMPDIR: "/tmp",
} as const;

/** Directories and limits that outlive a command; the walls are built anew for each. */
export class NamespaceSandbox implements Sandbox {
  readonly id: string;
  readonly owner: Owner;
  readonly workspace: string;
  readonly #parts: SandboxParts;
  readonly #fifos: Fifos;
  readonly #running = new Map<string, NamespaceExecution>();
  #watch: AbortController | undefined;
  #destroyed: Promise<void> | undefined;
  #count = 0;

  constructor(parts: SandboxParts) {
    this.id = parts.spec.id;
    this.owner = parts.owner;
    this.workspace = parts.folders.workspace;
    this.#parts = parts;
    this.#fifos = new Fifos(parts.folders.streams);
  }

  readOnlyFolder(name: string): string {
    const folder = this.#parts.folders.readOnly[name];
    if (folder === undefined) throw new RangeError(`sandbox ${this.id} shows no folder ${name}`);
    return folder;
  }

  exec(command: Command): Execution {
    this.#assertLiving();
    const { spec, folders, runtime, system, group, foreign, owner } = this.#parts;
    const environment = { ...base, ...spec.environment, ...command.environment };
    assertCommand(command.argv, environment);
    folders.assertMountPoints();
    const hitsBefore = group?.hits();
    const workdir = command.workdir === "" ? "/workspace" : `/workspace/${command.workdir}`;
    const { diskBytes: fileBytes, pids: processes } = spec.limits;
    const bounds = group === undefined ? { fileBytes, processes } : { fileBytes };
    const { pipes, giveBack } = this.#fifos.take();
    const execution = new NamespaceExecution({
      bwrap: runtime.bwrap,
      options: bubblewrapOptions(runtime, system, folders),
      command: launchCommand(workdir, bounds, environment, command.argv),
      seccompFile: runtime.seccompFile,
      pipes,
      ...(foreign ? { uid: owner.uid } : {}),
      timeoutMs: command.timeoutMs,
      outputBytes: command.outputBytes,
      place: (pid) => group?.place(pid),
      limitsHit: () => limitHit(hitsBefore, group?.hits()),
    });
    // Whoever still had an end of these pipes would read or hold open what belongs to the next command.
    void Promise.all([execution.gone, pipes.closed]).then(giveBack);
    this.#track(execution);
    return execution;
  }

  async freeze(): Promise<() => Promise<void>> {
    this.#assertLiving();
    const { group } = this.#parts;
    // With no command no process is left: each command's processes end with its pid namespace.
    if (this.#running.size === 0 && (group === undefined || group.pids().length === 0)) return async () => undefined;
    if (group?.freezes === true) {
      await group.freeze();
      return async () => {
        // A sandbox that was destroyed meanwhile has nothing to thaw.
        if (this.#destroyed === undefined) group.thaw();
      };
    }
    throw new SandboxError(
      "FREEZE_FAILED",
      `sandbox ${this.id} runs ${this.#running.size} commands and this machine cannot freeze them`,
      "wait until they end",
    );
  }

  pids(): readonly number[] {
    const { group } = this.#parts;
    if (group !== undefined) return group.pids();
    return [...this.#running.values()].flatMap((execution) => execution.records().map((record) => record.pid));
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  async #destroy(): Promise<void> {
    const { folders, group, released } = this.#parts;
    this.#watch?.abort();
    for (const execution of this.#running.values()) execution.kill();
    await group?.destroy();
    await Promise.allSettled([...this.#running.values()].map((execution) => execution.gone));
    await folders.remove();
    released();
  }

  #track(execution: NamespaceExecution): void {
    const { folders, spec } = this.#parts;
    const key = String(this.#count++);
    noteRunning(folders.running, key, execution.records());
    this.#running.set(key, execution);
    this.#watch ??= this.#watchDisk(spec.limits.diskBytes);
    execution.named.then(
      () => this.#destroyed ?? noteRunning(folders.running, key, execution.records()),
      () => undefined,
    );
    void execution.gone.then(() => {
      this.#running.delete(key);
      if (this.#destroyed === undefined) forgetRunning(folders.running, key);
      if (this.#running.size > 0) return;
      this.#watch?.abort();
      this.#watch = undefined;
    });
  }

  #watchDisk(maxBytes: number): AbortController {
    const controller = new AbortController();
    const { workspace, tmp } = this.#parts.folders;
    void watchDisk([workspace, tmp], maxBytes, controller.signal, () => {
      for (const execution of this.#running.values()) execution.killFor("disk");
    });
    return controller;
  }

  #assertLiving(): void {
    if (this.#destroyed === undefined) return;
    throw new SandboxError("SANDBOX_LOST", `sandbox ${this.id} was destroyed`, "acquire another one");
  }
}

type Hits = ReturnType<Group["hits"]>;

function limitHit(before: Hits | undefined, after: Hits | undefined): LimitName | undefined {
  if (before === undefined || after === undefined) return undefined;
  if (after.memory > before.memory) return "memory";
  return after.pids > before.pids ? "pids" : undefined;
}
