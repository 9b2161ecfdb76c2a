import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { createHarnessGateway, type ModelConfig, modelFromEnvironment, type Role } from "@cofferdam/harness-gateway";
import { createPlanner } from "@cofferdam/planner";
import { createProvenanceLedger } from "@cofferdam/provenance-ledger";
import { ensureStreams } from "@cofferdam/run-log";
import { createSandboxBroker, parseFaults } from "@cofferdam/sandbox-broker";
import { findBubblewrap } from "@cofferdam/sandbox-namespace";
import { startScriptedModel } from "@cofferdam/scripted-model";
import { Address, connectToNats, type Logger } from "@cofferdam/service";
import { createSnapshotStore } from "@cofferdam/snapshot-store";
import { Closers } from "./closers.ts";
import { type Home, requireFreeSpace } from "./home.ts";
import { keepNats, type KeptNats } from "./kept-nats.ts";
import { layoutIn, ledgerKeyFile, sandboxRootOf } from "./layout.ts";
import { logFile, loggersIn } from "./log-file.ts";
import type { Notice } from "./notice.ts";
import type { RunningPlane, StartOptions } from "./plane.ts";
import { makeRuntimeDir } from "./runtime-dir.ts";
import { teamOf } from "./team.ts";

/**
 * Starts nats-server and the services in this process, over the same contracts as apart: they meet on Unix sockets and on
 * the bus only. To read runs, nats-server and the public API are enough.
 */
export async function startPlane(home: Home, options: StartOptions, notice: Notice): Promise<RunningPlane> {
  teamOf(options.team);
  requireFreeSpace(home);
  const closers = new Closers();
  try {
    const runtimeDir = makeRuntimeDir(home, options.env);
    closers.add({ close: () => rmSync(runtimeDir, { recursive: true, force: true }) });
    const nats = closers.add(await keepNats(home, notice));
    const loggers = loggersIn(logFile(home, "control-plane"), options.env);
    const plane = new InProcess(home, options, runtimeDir, nats, loggers, closers);
    if (options.mode === "full") await plane.startFull();
    else await plane.startReading();
    return { gateway: plane.layout.gateway, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

class InProcess {
  readonly layout;
  readonly #home: Home;
  readonly #options: StartOptions;
  readonly #nats: KeptNats;
  readonly #loggerOf: (service: string) => Logger;
  readonly #closers: Closers;

  constructor(
    home: Home,
    options: StartOptions,
    runtimeDir: string,
    nats: KeptNats,
    loggerOf: (service: string) => Logger,
    closers: Closers,
  ) {
    this.layout = layoutIn(runtimeDir);
    this.#home = home;
    this.#options = options;
    this.#nats = nats;
    this.#loggerOf = loggerOf;
    this.#closers = closers;
  }

  async startReading(): Promise<void> {
    // A home that has never run anything has no streams to read.
    await ensureStreams(await this.#connect("control-plane"));
    await this.#gateway(["api"], this.layout.gateway, "allow", undefined);
  }

  async startFull(): Promise<void> {
    const { env, chaos, listen, listenLocalFiles } = this.#options;
    const bwrap = await findBubblewrap({ cacheDir: this.#home.cache, env });
    const { layout } = this;
    const team = teamOf(this.#options.team);
    await ensureStreams(await this.#connect("control-plane"));
    const model = await this.#model();
    this.#closers.add(
      await createSnapshotStore({
        address: layout.snapshotStore,
        dataDir: this.#home.objects,
        team,
        logger: this.#loggerOf("snapshot-store"),
      }),
    );
    this.#closers.add(
      await createProvenanceLedger({
        address: layout.ledger,
        nc: await this.#connect("provenance-ledger"),
        dataDir: this.#home.ledger,
        team,
        keyFile: ledgerKeyFile(this.#home),
        logger: this.#loggerOf("provenance-ledger"),
      }),
    );
    this.#closers.add(
      await createSandboxBroker({
        address: layout.broker,
        stateDir: this.#home.broker,
        sandboxRoot: sandboxRootOf(this.#home),
        bwrap: bwrap.path,
        snapshotStore: layout.snapshotStore,
        team,
        logger: this.#loggerOf("sandbox-broker"),
        faults: parseFaults(chaos.join(",")),
      }),
    );
    this.#closers.add(
      await createPlanner({
        nc: await this.#connect("planner"),
        team,
        instance: instanceOf("planner"),
        logger: this.#loggerOf("planner"),
      }),
    );
    await this.#gateway(["api", "worker", "calls"], layout.gateway, "allow", model);
    if (listen !== undefined) {
      // A program that stands in for a model runs with our rights: only callers that prove to be us may name one.
      const publicModel = model?.kind === "scripted" ? undefined : model;
      await this.#gateway(["api"], Address(listen), listenLocalFiles === true ? "allow" : "deny", publicModel);
    }
  }

  /** A key selects a real model; without one programs that manifests name stand in for it. */
  async #model(): Promise<ModelConfig | undefined> {
    const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseUrl } = this.#options.env;
    const scriptedKey = randomBytes(24).toString("base64url");
    // Whoever holds the key is this user, who may run any program of theirs anyway.
    const scripted = apiKey
      ? undefined
      : this.#closers.add(await startScriptedModel({ roots: ["/"], apiKey: scriptedKey }));
    return modelFromEnvironment({
      apiKey: apiKey || undefined,
      baseUrl: baseUrl || "https://api.openai.com/v1",
      scriptedUrl: scripted?.url,
      scriptedKey,
      background: "auto",
    });
  }

  async #gateway(
    roles: readonly Role[],
    address: Address,
    localFiles: "allow" | "deny",
    model: ModelConfig | undefined,
  ): Promise<void> {
    this.#closers.add(
      await createHarnessGateway({
        address,
        nc: await this.#connect("harness-gateway"),
        team: this.#options.team,
        instance: instanceOf("harness-gateway"),
        roles,
        broker: this.layout.broker,
        snapshotStore: this.layout.snapshotStore,
        ledger: this.layout.ledger,
        calls: this.layout.gateway,
        objectsDir: this.#home.objects,
        stateDir: this.#home.gateway,
        model,
        localFiles,
        maxTasks: 64,
        logger: this.#loggerOf("harness-gateway"),
      }),
    );
  }

  /** Each service has a connection of its own, as it has when it runs apart. */
  async #connect(name: string) {
    const { url, token } = this.#nats;
    const nc = await connectToNats({ url, token, name, waitMs: 10_000, logger: this.#loggerOf(name) });
    this.#closers.add({ close: () => (nc.isClosed() ? undefined : nc.close()) });
    return nc;
  }
}

/** Unique over restarts: what a killed instance left in the logs is another's. */
const instanceOf = (service: string): string => `${service}-${randomBytes(6).toString("hex")}`;
