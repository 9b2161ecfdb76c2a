import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Limits, SandboxError } from "@cofferdam/sandbox-provider";
import { errnoOf } from "../errno.ts";
import { type Controller, controllers, counterIn, eventCounter, limitFiles } from "./limit-files.ts";

/** Where groups of sandboxes are made: one folder per controller, and one that can freeze and kill. */
export interface GroupParents {
  readonly version: 1 | 2;
  readonly controllers: Readonly<Partial<Record<Controller, string>>>;
  /** Version 2 folder with `cgroup.kill` and `cgroup.freeze`. */
  readonly control?: string;
}

const WAIT_MS = 10_000;

/** The control group of one sandbox; all its commands share it. */
export class Group {
  readonly #parents: GroupParents;
  readonly #name: string;
  readonly #folders: readonly string[];

  constructor(parents: GroupParents, name: string) {
    this.#parents = parents;
    this.#name = name;
    const all = [...Object.values(parents.controllers), parents.control].filter((path) => path !== undefined);
    this.#folders = [...new Set(all)].map((path) => join(path, name));
  }

  /** Makes the folders and sets the limits. */
  create(limits: Limits): void {
    for (const folder of this.#folders) mkdirSync(folder, { recursive: true });
    for (const controller of controllers) {
      const folder = this.#folderOf(controller);
      if (folder === undefined) continue;
      for (const { file, value, optional } of limitFiles(this.#parents.version, controller, limits)) {
        if (optional && !existsSync(join(folder, file))) continue;
        writeFileSync(join(folder, file), value);
      }
    }
  }

  /** Moves a process, and so all that it starts later, into the group. */
  place(pid: number): void {
    for (const folder of this.#folders) writeFileSync(join(folder, "cgroup.procs"), String(pid));
  }

  pids(): readonly number[] {
    const [folder] = this.#folders;
    if (folder === undefined || !existsSync(folder)) return [];
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  }

  /** How often processes were killed for memory, and forks refused. */
  hits(): { readonly memory: number; readonly pids: number } {
    return { memory: this.#hitsOf("memory"), pids: this.#hitsOf("pids") };
  }

  /** True if the group can be frozen. */
  get freezes(): boolean {
    return this.#parents.control !== undefined;
  }

  async freeze(): Promise<void> {
    this.#control("cgroup.freeze", "1");
    await this.#until(() => counterIn(this.#read("cgroup.events"), "frozen") === 1, "did not freeze");
  }

  thaw(): void {
    this.#control("cgroup.freeze", "0");
  }

  /** Kills everything in the group and removes it. */
  async destroy(): Promise<void> {
    if (!this.#folders.some((folder) => existsSync(folder))) return;
    await this.#until(() => {
      this.#kill();
      return this.pids().length === 0;
    }, "did not die");
    await this.#until(() => this.#folders.every(removed), "did not go away");
  }

  #kill(): void {
    if (this.#parents.control !== undefined && existsSync(join(this.#parents.control, this.#name, "cgroup.kill"))) {
      this.#control("cgroup.kill", "1");
      return;
    }
    for (const pid of this.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    }
  }

  #folderOf(controller: Controller): string | undefined {
    const parent = this.#parents.controllers[controller];
    return parent === undefined ? undefined : join(parent, this.#name);
  }

  #hitsOf(controller: "memory" | "pids"): number {
    const folder = this.#folderOf(controller);
    if (folder === undefined) return 0;
    const [file, key] = eventCounter[controller][this.#parents.version];
    const path = join(folder, file);
    return existsSync(path) ? counterIn(readFileSync(path, "utf8"), key) : 0;
  }

  #control(file: string, value: string): void {
    if (this.#parents.control === undefined) {
      throw new SandboxError("FREEZE_FAILED", "this machine has no control group that freezes", "wait for the command");
    }
    writeFileSync(join(this.#parents.control, this.#name, file), value);
  }

  #read(file: string): string {
    return readFileSync(join(this.#parents.control ?? "", this.#name, file), "utf8");
  }

  async #until(done: () => boolean, failed: string): Promise<void> {
    const start = performance.now();
    for (let pause = 1; !done(); pause = Math.min(pause * 2, 50)) {
      if (performance.now() - start > WAIT_MS) {
        throw new SandboxError(
          "DESTROY_FAILED",
          `control group ${this.#name} ${failed} in ${WAIT_MS} ms`,
          "look at its processes",
        );
      }
      await sleep(pause);
    }
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return true;
    if (errnoOf(error) === "EBUSY") return false;
    throw error;
  }
}
