import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NatsLocalError } from "./errors.ts";
import { configFile, lockStore, pidFile, type StoreLock } from "./store-lock.ts";

export interface StartNatsOptions {
  /** Path of the nats-server binary; see findNatsServer. */
  readonly binary: string;
  /** Holds streams, token and configuration; created with mode 0700. */
  readonly storeDir: string;
  /** Loopback address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0, the default, chooses a free one. */
  readonly port?: number;
  /** Where the server's own log goes; `<storeDir>/nats-server.log` by default. */
  readonly logFile?: string;
}

/** A nats-server that lives as long as this process, at most. */
export interface LocalNats {
  readonly url: string;
  readonly token: string;
  /** Mode 0600; holds {@link token}. */
  readonly tokenFile: string;
  readonly pid: number;
  /** Resolves when the server has ended, for whatever cause, with that cause in words. */
  readonly exited: Promise<string>;
  /** Ends the server with everything acknowledged on disk. */
  close(): Promise<void>;
}

/**
 * The server must not outlive its parent, not even after kill -9: a small shell beside it holds the read end of a pipe
 * and ends the server when the pipe closes. It checks the command line first, because pids are reused. `exec` makes the
 * server the direct child, and a session of its own keeps a terminal's Ctrl-C from reaching it before its clients.
 */
const launcher = `
{ read -r _ <&3
  line=$(tr '\\000' ' ' < /proc/$$/cmdline 2>/dev/null || ps -o args= -p $$)
  case "$line" in *"$2"*) kill -TERM $$ ;; esac
} >/dev/null 2>&1 &
exec "$1" -c "$2" 3<&-
`;

/**
 * Starts nats-server with JetStream on `storeDir`, fsync on every write (`sync_interval: always`), token
 * authentication, on loopback. A server that an earlier, dead process left on this store is ended first.
 * Throws NATS_STORE_IN_USE, NATS_PORT_IN_USE or NATS_START_FAILED.
 */
export async function startNats(options: StartNatsOptions): Promise<LocalNats> {
  const storeDir = resolve(options.storeDir);
  await mkdir(storeDir, { recursive: true, mode: 0o700 });
  const lock = await lockStore(storeDir);
  try {
    return await launch({ ...options, storeDir }, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function launch(options: StartNatsOptions, lock: StoreLock): Promise<LocalNats> {
  const { storeDir } = options;
  const tokenFile = join(storeDir, "token");
  const token = await keepToken(tokenFile);
  const config = configFile(storeDir);
  await removePortFiles(storeDir);
  await writeFile(config, configText(options, token), { mode: 0o600 });

  const logFile = options.logFile ?? join(storeDir, "nats-server.log");
  const log = openSync(logFile, "a", 0o600);
  const child = spawn("/bin/sh", ["-c", launcher, "sh", options.binary, config], {
    stdio: ["ignore", log, log, "pipe"],
    detached: true,
    env: {},
  });
  closeSync(log);
  const exited = exitOf(child).finally(() => lock.release());
  try {
    const url = await whenListening(storeDir, child, exited);
    const { pid } = child;
    if (pid === undefined) throw new TypeError("a listening server without a pid");
    return { url, token, tokenFile, pid, exited, close: () => stop(child, exited) };
  } catch (error) {
    await stop(child, exited);
    throw await explain(error, options, logFile);
  }
}

/** JSON strings are valid strings of the server's configuration language. */
const quoted = (value: string): string => JSON.stringify(value);

function configText(options: StartNatsOptions, token: string): string {
  return `listen: ${quoted(`${options.host ?? "127.0.0.1"}:${options.port ? options.port : -1}`)}
ports_file_dir: ${quoted(options.storeDir)}
pid_file: ${quoted(pidFile(options.storeDir))}
authorization { token: ${quoted(token)} }
max_payload: 8MB
jetstream {
  store_dir: ${quoted(options.storeDir)}
  sync_interval: always
}
`;
}

/** The token is kept over restarts, so that services that are still up reconnect. */
async function keepToken(file: string): Promise<string> {
  const old = (await readFile(file, "utf8").catch(() => "")).trim();
  if (/^[0-9a-f]{64}$/.test(old)) return old;
  const token = randomBytes(32).toString("hex");
  await rm(file, { force: true });
  await writeFile(file, token, { mode: 0o600 });
  return token;
}

const portFiles = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.endsWith(".ports")).map((name) => join(dir, name));

async function removePortFiles(dir: string): Promise<void> {
  for (const file of await portFiles(dir)) await rm(file, { force: true });
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((done) => {
    child.once("error", (error) => done(`it could not be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      // Lets the watching shell end.
      child.stdio[3]?.destroy();
      done(signal === null ? `it ended with status ${code}` : `it was ended by ${signal}`);
    });
  });
}

/** The ports file appears when the server accepts clients, which is after JetStream has recovered its streams. */
async function whenListening(storeDir: string, child: ChildProcess, exited: Promise<string>): Promise<string> {
  let end: string | undefined;
  void exited.then((cause) => (end = cause));
  for (;;) {
    if (end !== undefined) throw new Error(end);
    for (const file of await portFiles(storeDir)) {
      const url = urlIn(await readFile(file, "utf8"));
      if (url !== undefined && file.includes(`_${child.pid}.`)) return url;
    }
    await sleep(10);
  }
}

function urlIn(text: string): string | undefined {
  try {
    const ports: unknown = JSON.parse(text);
    if (typeof ports !== "object" || ports === null || !("nats" in ports) || !Array.isArray(ports.nats))
      return undefined;
    const [url] = ports.nats as unknown[];
    return typeof url === "string" ? url : undefined;
  } catch {
    // Half-written: it is read again.
    return undefined;
  }
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await exited;
  clearTimeout(timer);
}

async function explain(error: unknown, options: StartNatsOptions, logFile: string): Promise<NatsLocalError> {
  const lines = (await readFile(logFile, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5).join("\n");
  if (/address already in use/i.test(lines)) {
    return new NatsLocalError(
      "NATS_PORT_IN_USE",
      `starting nats-server: port ${options.port} of ${options.host ?? "127.0.0.1"} is in use`,
      "end the process that uses it, or let a free port be chosen",
      error,
    );
  }
  const cause = error instanceof Error ? error.message : String(error);
  return new NatsLocalError(
    "NATS_START_FAILED",
    `starting nats-server ${options.binary}: ${cause}; its last words:\n${lines}`,
    `mend what it names (its log is ${logFile}) and start again`,
    error,
  );
}
