import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findNatsServer } from "@cofferdam/nats-local";
import { findBubblewrap } from "@cofferdam/sandbox-namespace";

/** How a command ended. */
export interface Ended {
  /** Exit code, or 128 + the signal's number. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is still running. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the match once standard output or error holds it; fails when the command ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

const checkout = join(import.meta.dirname, "../../../..");
const UNTIL_MS = 60_000;

/**
 * A home of its own for one test, with the real command line started as people start it. The programs that it needs come
 * from the checkout's cache or from PATH.
 */
export class Installation {
  readonly dir = mkdtempSync(join(tmpdir(), "cofferdam-e2e-"));
  readonly home = join(this.dir, "home");
  readonly #running: Running[] = [];
  readonly #env: NodeJS.ProcessEnv;

  private constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  static async create(env: NodeJS.ProcessEnv = {}): Promise<Installation> {
    const cacheDir = join(checkout, ".cofferdam/cache");
    const [nats, bwrap] = await Promise.all([findNatsServer({ cacheDir }), findBubblewrap({ cacheDir })]);
    return new Installation({
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      NODE_COMPILE_CACHE: join(tmpdir(), "cofferdam-e2e-compiled"),
      COFFERDAM_NATS_SERVER: nats.path,
      COFFERDAM_BWRAP: bwrap.path,
      ...env,
    });
  }

  /** Writes files below the test's folder and returns its path. */
  write(files: Readonly<Record<string, string | Uint8Array>>): string {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return this.dir;
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const node = ["--conditions=@cofferdam/source", "--disable-warning=ExperimentalWarning"];
    const child = spawn(process.execPath, [...node, join(checkout, "apps/cli/src/main.ts"), ...args], {
      cwd: this.dir,
      env: { ...this.#env, COFFERDAM_HOME: this.home, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running = observe(child);
    this.#running.push(running);
    return running;
  }

  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.start(args, env).ended;
  }

  /** Runs a command that answers with JSON, and returns the answer beside how it ended. */
  async json(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ ended: Ended; answer: unknown }> {
    const ended = await this.run([...args, "--json"], env);
    return { ended, answer: ended.stdout === "" ? undefined : JSON.parse(ended.stdout) };
  }

  /** Ends what a test has left running, kindly and then not. */
  async endAll(): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill("SIGTERM");
      const killed = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(killed);
    }
  }

  async remove(): Promise<void> {
    await this.endAll();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function observe(child: ChildProcess): Running {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data) => (stdout += String(data)));
  child.stderr?.on("data", (data) => (stderr += String(data)));
  let done = false;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      done = true;
      resolve({ code: code ?? (signal === "SIGKILL" ? 137 : 143), stdout, stderr });
    });
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (const end = performance.now() + UNTIL_MS; ;) {
      const match = pattern.exec(stdout) ?? pattern.exec(stderr);
      if (match !== null) return match;
      if (done || performance.now() > end) {
        throw new Error(`${done ? "it ended" : "a minute passed"} without ${String(pattern)}:\n${stdout}\n${stderr}`);
      }
      await sleep(20);
    }
  };
  return { child, ended, until };
}

/** Processes of this machine whose command line contains the text. */
export async function processesWith(text: string): Promise<string[]> {
  const { readdir, readFile } = await import("node:fs/promises");
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) found.push(`${pid} ${line.replaceAll("\0", " ")}`);
  }
  return found;
}
