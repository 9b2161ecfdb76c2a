import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Duplex, type Readable, type Writable } from "node:stream";
import { type Execution, type ExecutionResult, type LimitName, SandboxError } from "@cofferdam/sandbox-provider";
import { descriptors } from "./arguments.ts";
import type { OutputPipes } from "./fifos.ts";
import { OutputMeter } from "./output-meter.ts";
import { type ProcessRecord, recordOf, send } from "./process-record.ts";
import { readResult, readStatus } from "./status.ts";

const SIGKILL = 9;
/** How long bubblewrap may take to name process 1 before it is killed itself. */
const NAMING_MS = 2_000;

export interface ExecutionPlan {
  readonly bwrap: string;
  readonly options: readonly string[];
  /** Command line of process 1. */
  readonly command: readonly string[];
  readonly seccompFile: string;
  readonly pipes: OutputPipes;
  /** Numeric user to run as; the caller's own if absent. */
  readonly uid?: number;
  readonly timeoutMs: number;
  readonly outputBytes: number;
  /** Puts the process where its limits are, before it does anything. */
  readonly place: (pid: number) => void;
  /** Limits that were hit from outside this process's sight, asked at the end. */
  readonly limitsHit: () => LimitName | undefined;
}

/** One bubblewrap with one command in it. */
export class NamespaceExecution implements Execution {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<ExecutionResult>;
  /** Resolves when process 1 is known; never rejects. */
  readonly named: Promise<void>;
  /** Resolves when no process is left; unlike {@link ended} it does not wait for output to be read, and never rejects. */
  readonly gone: Promise<void>;
  readonly #named = Promise.withResolvers<void>();
  readonly #monitor: ProcessRecord | undefined;
  readonly #startMs = performance.now();
  #init: ProcessRecord | undefined;
  #killed = false;
  #limit: LimitName | undefined;
  #monitorKilled = false;
  #sent = 0;
  /** True once bubblewrap has seen process 1 run and end. */
  #started = false;
  #exitCode: number | undefined;

  constructor(plan: ExecutionPlan) {
    const filter = openSync(plan.seccompFile, "r");
    try {
      const child = spawn(plan.bwrap, ["--args", String(descriptors.args), "--", ...plan.command], {
        cwd: "/",
        env: {},
        stdio: ["pipe", ...plan.pipes.descriptors, "pipe", "pipe", filter, "pipe"],
        ...(plan.uid === undefined ? {} : { uid: plan.uid, gid: plan.uid }),
      });
      const { stdout, stderr } = plan.pipes;
      const { stdin } = child;
      if (stdin === null) throw startFailed("the command has no input");
      const meter = new OutputMeter(plan.outputBytes, () => this.killFor("output"));
      this.stdin = stdin;
      this.stdout = stdout.pipe(meter.tap());
      this.stderr = stderr.pipe(meter.tap());
      // EPIPE when the command does not read: its exit tells more.
      this.stdin.on("error", () => undefined);
      this.#monitor = child.pid === undefined ? undefined : recordOf(child.pid);
      this.named = this.#named.promise;
      this.gone = new Promise((resolve) => {
        child.on("exit", () => resolve());
        child.on("error", () => resolve());
      });
      void this.gone.then(() => this.#named.resolve());
      this.ended = this.#supervise(child, plan);
      this.ended.catch(() => undefined);
      const args = stdioOf(child, descriptors.args);
      args.on("error", () => undefined);
      if (child.pid !== undefined) {
        try {
          plan.place(child.pid);
        } catch (error) {
          child.kill("SIGKILL");
          throw error;
        }
      }
      args.end(plan.options.map((option) => `${option}\0`).join(""));
    } finally {
      closeSync(filter);
      plan.pipes.handOver();
    }
  }

  /** Process 1 and bubblewrap itself, while they live. */
  records(): readonly ProcessRecord[] {
    return [this.#monitor, this.#init].filter((record) => record !== undefined);
  }

  signal(signal: number): void {
    this.#sent = signal;
    if (this.#init !== undefined) send(this.#init, signal, true);
  }

  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    if (this.#init !== undefined) {
      send(this.#init, SIGKILL);
      return;
    }
    const monitor = this.#monitor;
    // Not yet named: it is killed as soon as it is, or with bubblewrap when that hangs.
    if (monitor !== undefined) setTimeout(() => send(monitor, SIGKILL), NAMING_MS).unref();
  }

  /** Kills the command because of a limit; the first limit is the one that counts. */
  killFor(limit: LimitName): void {
    if (!this.#killed) this.#limit = limit;
    this.kill();
  }

  async #supervise(child: ChildProcess, plan: ExecutionPlan): Promise<ExecutionResult> {
    const timer = setTimeout(() => this.killFor("timeout"), plan.timeoutMs);
    const status = readStatus(stdioOf(child, descriptors.status), ({ childPid, exitCode }) => {
      if (childPid !== undefined) this.#setInit(childPid);
      this.#started = exitCode !== undefined;
    });
    const result = readResult(stdioOf(child, descriptors.result));
    const closed = new Promise<void>((resolve, reject) => {
      child.on("error", (error) => reject(startFailed("bubblewrap cannot be started", error)));
      child.on("close", (_, signal) => {
        this.#monitorKilled = signal !== null;
        resolve();
      });
    });
    try {
      [this.#exitCode] = await Promise.all([result, status, closed]);
    } finally {
      clearTimeout(timer);
    }
    return this.#result(plan);
  }

  #setInit(pid: number): void {
    this.#init = recordOf(pid);
    this.#named.resolve();
    if (this.#killed && this.#init !== undefined) send(this.#init, SIGKILL);
  }

  #result(plan: ExecutionPlan): ExecutionResult {
    const durationMs = Math.round(performance.now() - this.#startMs);
    const limit = this.#limit ?? plan.limitsHit();
    if (this.#killed) return { signal: SIGKILL, durationMs, ...(limit === undefined ? {} : { limit }) };
    if (this.#exitCode === undefined) {
      if (limit !== undefined) return { signal: SIGKILL, limit, durationMs };
      if (this.#started || this.#monitorKilled) throw lost();
      throw startFailed("bubblewrap could not build the sandbox");
    }
    const bySignal = this.#sent !== 0 && this.#exitCode === 128 + this.#sent;
    return {
      ...(bySignal ? {} : { exitCode: this.#exitCode }),
      signal: bySignal ? this.#sent : 0,
      ...(limit === undefined ? {} : { limit }),
      durationMs,
    };
  }
}

/** A further pipe of a child; Node makes each of them a socket, readable and writable. */
function stdioOf(child: ChildProcess, descriptor: number): Duplex {
  const all: readonly unknown[] = child.stdio;
  const stream = all[descriptor];
  if (stream instanceof Duplex) return stream;
  throw startFailed(`descriptor ${descriptor} is no pipe`);
}

const startFailed = (what: string, cause?: unknown): SandboxError =>
  new SandboxError("START_FAILED", `starting a command: ${what}`, "run ./cofferdam doctor", cause);

const lost = (): SandboxError =>
  new SandboxError(
    "SANDBOX_LOST",
    "a command was killed from outside its sandbox",
    "acquire another sandbox and restore",
  );
