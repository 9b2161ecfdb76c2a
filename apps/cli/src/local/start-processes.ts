import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findBubblewrap } from "@cofferdam/sandbox-namespace";
import { Closers } from "./closers.ts";
import { freePort } from "./free-port.ts";
import { type Home, requireFreeSpace } from "./home.ts";
import { keepNats, type KeptNats } from "./kept-nats.ts";
import { type Layout, layoutIn, ledgerKeyFile, sandboxRootOf } from "./layout.ts";
import { logFile } from "./log-file.ts";
import type { Notice } from "./notice.ts";
import type { RunningPlane, StartOptions } from "./plane.ts";
import { makeRuntimeDir } from "./runtime-dir.ts";
import { watchSpace } from "./space-watch.ts";
import { superviseChild } from "./supervised-child.ts";
import { together } from "./together.ts";

const READY_MS = 30_000;

/** What of our own environment every child gets. Secrets are given to those that use them, by name. */
const PASSED = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "TZ",
  "NODE_COMPILE_CACHE",
  "NODE_EXTRA_CA_CERTS",
  "COFFERDAM_LOG_LEVEL",
];

/**
 * Starts nats-server and every service as a process of its own; each may be killed at any time and is started again. The
 * gateway's model calls are a process apart, so that the death of an agent loop does not lose an answer that is paid for.
 */
export async function startProcesses(home: Home, options: StartOptions, notice: Notice): Promise<RunningPlane> {
  requireFreeSpace(home);
  const closers = new Closers();
  try {
    const runtimeDir = makeRuntimeDir(home, options.env);
    closers.add({ close: () => rmSync(runtimeDir, { recursive: true, force: true }) });
    const nats = closers.add(await keepNats(home, notice));
    closers.add(watchSpace(home.root, notice, { onRoom: () => nats.restart() }));
    notice(`nats-server ready, pid ${nats.pid()}`);
    const processes = new Processes(home, options, layoutIn(runtimeDir), nats, notice, closers);
    await processes.start();
    return { gateway: processes.layout.gateway, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

class Processes {
  readonly layout: Layout;
  readonly #home: Home;
  readonly #options: StartOptions;
  readonly #nats: KeptNats;
  readonly #notice: Notice;
  readonly #closers: Closers;

  constructor(home: Home, options: StartOptions, layout: Layout, nats: KeptNats, notice: Notice, closers: Closers) {
    this.#home = home;
    this.#options = options;
    this.layout = layout;
    this.#nats = nats;
    this.#notice = notice;
    this.#closers = closers;
  }

  async start(): Promise<void> {
    const home = this.#home;
    const { layout } = this;
    const bwrap = await findBubblewrap({ cacheDir: home.cache, env: this.#options.env });
    for (const dir of [home.keys, home.gateway]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    await together([
      this.#service("snapshot-store", mainOf("snapshot-store"), {
        COFFERDAM_LISTEN: layout.snapshotStore,
        COFFERDAM_DATA_DIR: home.objects,
      }),
      this.#service("provenance-ledger", mainOf("provenance-ledger"), {
        ...this.#bus(),
        COFFERDAM_LISTEN: layout.ledger,
        COFFERDAM_DATA_DIR: home.ledger,
        COFFERDAM_KEY_FILE: ledgerKeyFile(home),
      }),
      this.#service("sandbox-broker", mainOf("sandbox-broker"), {
        COFFERDAM_LISTEN: layout.broker,
        COFFERDAM_DATA_DIR: home.broker,
        COFFERDAM_SANDBOX_ROOT: sandboxRootOf(home),
        COFFERDAM_BWRAP: bwrap.path,
        COFFERDAM_SNAPSHOT_STORE: layout.snapshotStore,
        ...(this.#options.chaos.length > 0 ? { COFFERDAM_FAULTS: this.#options.chaos.join(",") } : {}),
      }),
      this.#service("planner", mainOf("planner"), this.#bus()),
      this.#gateways(),
    ]);
  }

  async #gateways(): Promise<void> {
    const { listen, listenLocalFiles } = this.#options;
    const model = await this.#model();
    const { layout } = this;
    // A program that stands in for a model runs with our rights: only callers that prove to be us may name one.
    const publicModel = "OPENAI_API_KEY" in model ? model : {};
    const common = {
      ...this.#bus(),
      COFFERDAM_BROKER: layout.broker,
      COFFERDAM_SNAPSHOT_STORE: layout.snapshotStore,
      COFFERDAM_LEDGER: layout.ledger,
      COFFERDAM_CALLS: layout.calls,
      COFFERDAM_OBJECTS_DIR: this.#home.objects,
      COFFERDAM_STATE_DIR: this.#home.gateway,
    };
    const gateway = (name: string, roles: string, address: string, localFiles: string, env: NodeJS.ProcessEnv) =>
      this.#service(name, mainOf("harness-gateway"), {
        ...common,
        ...env,
        COFFERDAM_ROLES: roles,
        COFFERDAM_LISTEN: address,
        COFFERDAM_LOCAL_FILES: localFiles,
      });
    await together([
      gateway("harness-gateway-calls", "calls", layout.calls, "deny", model),
      gateway("harness-gateway", "api,worker", layout.gateway, "allow", model),
      ...(listen === undefined
        ? []
        : [
            gateway("harness-gateway-public", "api", listen, listenLocalFiles === true ? "allow" : "deny", publicModel),
          ]),
    ]);
  }

  /** The key goes to the gateway alone; without one a scripted model answers, as a process of its own. */
  async #model(): Promise<NodeJS.ProcessEnv> {
    const { OPENAI_API_KEY, OPENAI_BASE_URL } = this.#options.env;
    if (OPENAI_API_KEY) return { OPENAI_API_KEY, ...(OPENAI_BASE_URL ? { OPENAI_BASE_URL } : {}) };
    const port = await freePort();
    const key = randomBytes(24).toString("base64url");
    await this.#service("scripted-model", "apps/cli/src/local/scripted-model-process.ts", {
      COFFERDAM_SCRIPTED_MODEL_KEY: key,
      COFFERDAM_SCRIPTED_PORT: String(port),
    });
    return { COFFERDAM_SCRIPTED_MODEL_URL: `http://127.0.0.1:${port}/v1`, COFFERDAM_SCRIPTED_MODEL_KEY: key };
  }

  async #service(name: string, main: string, env: NodeJS.ProcessEnv): Promise<void> {
    const own = {
      ...this.#passed(),
      COFFERDAM_TEAM: this.#options.team,
      COFFERDAM_LOG_FILE: logFile(this.#home, name),
      ...env,
    };
    const args = [
      "--conditions=@cofferdam/source",
      "--disable-warning=ExperimentalWarning",
      join(this.#options.checkout, main),
    ];
    const spec = { name, program: process.execPath, args, env: own, readyMs: READY_MS };
    this.#closers.add(await superviseChild(spec, this.#notice));
  }

  #bus(): NodeJS.ProcessEnv {
    return { COFFERDAM_NATS_URL: this.#nats.url, COFFERDAM_NATS_TOKEN_FILE: this.#nats.tokenFile };
  }

  #passed(): NodeJS.ProcessEnv {
    const { env } = this.#options;
    const passed = Object.entries(env).filter(([name]) => PASSED.includes(name) || name.startsWith("OTEL_"));
    return Object.fromEntries(passed);
  }
}

const mainOf = (app: string): string => `apps/${app}/src/main.ts`;
