import type { Readable, Writable } from "node:stream";
import type { Command, Environment } from "./command.ts";
import type { SandboxError } from "./errors.ts";
import type { LimitName, Limits } from "./limits.ts";

/** What enforces each limit, in words for operators, e.g. `cgroup v1`; `none` where nothing does. */
export type Enforcement = Readonly<Record<LimitName, string>>;

/** Whether a tier works on this machine. */
export type TierReport =
  | { readonly available: true; readonly enforcement: Enforcement }
  | { readonly available: false; readonly reason: string };

/** What a sandbox can do beyond running commands. */
export interface Capabilities {
  /** The workspace can be held still while commands run. */
  readonly freezesRunning: boolean;
}

export interface SandboxSpec {
  /** Unique for ever; lowercase letters, digits and dashes. */
  readonly id: string;
  readonly limits: Limits;
  readonly environment: Environment;
  /** Names of folders directly below the workspace that are shown read-only, e.g. `inputs`. */
  readonly readOnlyFolders: readonly string[];
}

/** What became of the sandboxes of an earlier life. */
export interface Reaped {
  readonly removed: number;
  /** What could not be removed, and why: it keeps its folder and its user id. */
  readonly stuck: readonly SandboxError[];
}

/** Makes sandboxes of one tier. */
export interface SandboxProvider {
  readonly tier: string;
  readonly capabilities: Capabilities;
  describe(): TierReport;
  /**
   * Ends and removes everything that an earlier life of this provider left behind. Called once, before the first
   * {@link create}.
   */
  reap(): Promise<Reaped>;
  /** Reserves what a sandbox needs. Its folders are empty: fill them before the first {@link Sandbox.exec}. */
  create(spec: SandboxSpec): Promise<Sandbox>;
}

/** Numeric owner of files. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A workspace, and the walls around the commands that run over it. No process lives longer than its command. */
export interface Sandbox {
  readonly id: string;
  /** Who owns the workspace on the trusted side. */
  readonly owner: Owner;
  /** The workspace on the trusted side. Its content is hostile: read it only inside {@link freeze}, never follow links. */
  readonly workspace: string;
  /** Folder on the trusted side that is shown read-only as `/workspace/<name>`; one of the spec's `readOnlyFolders`. */
  readOnlyFolder(name: string): string;
  /** Starts a command. @throws {SandboxError} `SANDBOX_LOST` after {@link destroy}. */
  exec(command: Command): Execution;
  /** Holds the workspace still until the returned function is called. */
  freeze(): Promise<() => Promise<void>>;
  /** Process ids, as the host sees them, of what runs inside now. */
  pids(): readonly number[];
  /** Kills everything inside, waits until it is gone, and removes the folders. Idempotent. */
  destroy(): Promise<void>;
}

/** A command that was started. Standard output and error must be read, or the command waits. */
export interface Execution {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Sends a signal to the command's process group; nothing happens once it ended. */
  signal(signal: number): void;
  /** Kills the command with everything that it started. */
  kill(): void;
  /**
   * Settles when everything that the command started is gone.
   * @throws {SandboxError} `START_FAILED` if it never started, `SANDBOX_LOST` if it was killed from outside.
   */
  readonly ended: Promise<ExecutionResult>;
}

export interface ExecutionResult {
  /** As a shell reports it: 128 + n when signal n ended the command. Absent if the launcher was killed. */
  readonly exitCode?: number;
  /** Signal by which the provider or the caller is known to have ended it; 0 if none. */
  readonly signal: number;
  /** The limit that was hit. */
  readonly limit?: LimitName;
  readonly durationMs: number;
}
