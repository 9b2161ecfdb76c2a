import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../cli-error.ts";
import { restartDelayMs } from "./backoff.ts";
import type { Notice } from "./notice.ts";

export interface ChildSpec {
  /** For people, e.g. `planner`. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The child's whole environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Longest wait for its ready line, milliseconds. */
  readonly readyMs: number;
}

/** What a child said when it was ready. */
export interface Ready {
  readonly pid: number;
  readonly address: string | undefined;
}

export interface SupervisedChild {
  readonly name: string;
  pid(): number | undefined;
  readonly first: Ready;
  /** Ends it gracefully and for good. */
  close(): Promise<void>;
}

/** A child that stayed up this long is not failing in a row. */
const STABLE_MS = 10_000;
/** Lines of standard error that are repeated when a child does not start. */
const LAST_LINES = 8;

/**
 * Starts a service as a child process and starts it again, with growing pauses, whenever it ends by itself; each time is
 * said. The child shuts down when this process dies, because its standard input then ends.
 *
 * @throws {CliError} CHILD_FAILED if the first start fails
 */
export async function superviseChild(spec: ChildSpec, notice: Notice): Promise<SupervisedChild> {
  const closing = new AbortController();
  let current = launch(spec);
  const first = await current.ready;
  notice(`${spec.name} ready, pid ${first.pid}`);
  const kept = keep();

  async function keep(): Promise<void> {
    for (let failures = 0; ; failures++) {
      const { cause, lifeMs } = await current.ended;
      if (closing.signal.aborted) return;
      if (lifeMs > STABLE_MS) failures = 0;
      const pauseMs = restartDelayMs(failures);
      notice(`${spec.name} (pid ${current.pid ?? "?"}) ${cause}; starting it again in ${pauseMs} ms`);
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) return;
      current = launch(spec);
      current.ready.then(
        ({ pid }) => notice(`${spec.name} ready again, pid ${pid}`),
        (error: unknown) => notice(error instanceof Error ? error.message : String(error)),
      );
    }
  }

  return {
    name: spec.name,
    first,
    pid: () => current.pid,
    close: async () => {
      closing.abort();
      current.stop();
      await current.ended;
      await kept;
    },
  };
}

interface Launched {
  readonly pid: number | undefined;
  readonly ready: Promise<Ready>;
  readonly ended: Promise<{ cause: string; lifeMs: number }>;
  stop(): void;
}

function launch(spec: ChildSpec): Launched {
  const begin = performance.now();
  const child = spawn(spec.program, spec.args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...spec.env, COFFERDAM_EXIT_WITH_PARENT: "1" },
    // A session of its own: Ctrl-C reaches the parent alone, which then ends its children in order.
    detached: true,
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    said.push(line);
    if (said.length > LAST_LINES) said.shift();
  });
  child.stdin.on("error", () => undefined);
  const ended = new Promise<{ cause: string; lifeMs: number }>((resolve) => {
    const end = (cause: string): void => resolve({ cause, lifeMs: performance.now() - begin });
    child.once("error", (error) => end(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      end(signal === null ? `ended with status ${code}` : `was ended by ${signal}`),
    );
  });
  const ready = readyOf(child, spec, ended, said);
  // Whoever wants to know of a failed start awaits `ready`; for the others `ended` says it too.
  ready.catch(() => undefined);
  return { pid: child.pid, ready, ended, stop: () => child.kill("SIGTERM") };
}

function readyOf(
  child: ChildProcess,
  spec: ChildSpec,
  ended: Promise<{ cause: string }>,
  said: readonly string[],
): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void =>
      reject(
        new CliError({
          code: "CHILD_FAILED",
          message: [`${spec.name} ${what}`, ...said.map((line) => `  ${line}`)].join("\n"),
          mend: "mend what it names and start again",
        }),
      );
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`was not ready within ${spec.readyMs} ms`);
    }, spec.readyMs);
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const parsed = parseReady(line);
        if (parsed === undefined) return;
        clearTimeout(timer);
        resolve(parsed);
      });
    }
    void ended.then(({ cause }) => {
      clearTimeout(timer);
      fail(cause);
    });
  });
}

function parseReady(line: string): Ready | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("pid" in value) || typeof value.pid !== "number")
      return undefined;
    const address = "address" in value && typeof value.address === "string" ? value.address : undefined;
    return { pid: value.pid, address };
  } catch {
    // Not the ready line.
    return undefined;
  }
}
