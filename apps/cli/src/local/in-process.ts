import { randomBytes } from "node:crypto";
import { createHarnessGateway, type ModelConfig, type Role } from "@cofferdam/harness-gateway";
import { createPlanner } from "@cofferdam/planner";
import { createProvenanceLedger } from "@cofferdam/provenance-ledger";
import { ensureStreams, type Team } from "@cofferdam/run-log";
import { createSandboxBroker, parseFaults } from "@cofferdam/sandbox-broker";
import { findBubblewrap } from "@cofferdam/sandbox-namespace";
import { Address, connectToNats, type Logger } from "@cofferdam/service";
import { createSnapshotStore } from "@cofferdam/snapshot-store";
import type { Closers } from "./closers.ts";
import type { Home } from "./home.ts";
import type { KeptNats } from "./kept-nats.ts";
import { type Layout, ledgerKeyFile, sandboxRootOf } from "./layout.ts";
import { logFile, loggersIn } from "./log-file.ts";
import { startModel } from "./model.ts";
import type { Notice } from "./notice.ts";
import type { StartOptions } from "./plane.ts";
import { together } from "./together.ts";

export interface Surroundings {
  readonly home: Home;
  readonly options: StartOptions;
  readonly layout: Layout;
  readonly nats: KeptNats;
  readonly notice: Notice;
  /** Takes what is started. */
  readonly closers: Closers;
}

/** Enough to show runs: the public API, with nothing behind it that acts. */
export async function startReading(surroundings: Surroundings): Promise<void> {
  const services = new InProcess(surroundings);
  // A home that has never run anything has no streams to read.
  await ensureStreams(await services.connect("control-plane"));
  await services.startGateway(["api"], surroundings.layout.gateway, "allow", undefined);
}

/** All five services. */
export async function startFull(surroundings: Surroundings): Promise<void> {
  const { layout, options } = surroundings;
  const services = new InProcess(surroundings);
  await ensureStreams(await services.connect("control-plane"));
  const choosing = services.startModel();
  await together([choosing, services.startBehind()]);
  const model = await choosing;
  // Last, so that it is closed first: what acts stops before what it acts upon.
  await services.startGateway(["api", "worker", "calls"], layout.gateway, "allow", model);
  if (options.listen === undefined) return;
  // A program that stands in for a model runs with our rights: only callers that prove to be us may name one.
  const publicModel = model?.kind === "scripted" ? undefined : model;
  const localFiles = options.listenLocalFiles === true ? "allow" : "deny";
  await services.startGateway(["api"], Address(options.listen), localFiles, publicModel);
}

class InProcess {
  readonly #surroundings: Surroundings;
  readonly #team: Team;
  readonly #loggerOf: (service: string) => Logger;

  constructor(surroundings: Surroundings) {
    const { home, options } = surroundings;
    this.#surroundings = surroundings;
    this.#team = options.team;
    this.#loggerOf = loggersIn(logFile(home, "control-plane"), options.env);
  }

  /** The services that the gateway works with. */
  async startBehind(): Promise<void> {
    const { closers } = this.#surroundings;
    const add = async (starting: Promise<{ close(): Promise<void> }>): Promise<unknown> => closers.add(await starting);
    await together([add(this.#snapshotStore()), add(this.#ledger()), add(this.#broker()), add(this.#planner())]);
  }

  startModel(): Promise<ModelConfig | undefined> {
    const { options, closers } = this.#surroundings;
    return startModel(options, closers, this.#surroundings.notice);
  }

  async startGateway(
    roles: readonly Role[],
    address: Address,
    localFiles: "allow" | "deny",
    model: ModelConfig | undefined,
  ): Promise<void> {
    const { home, layout, closers } = this.#surroundings;
    closers.add(
      await createHarnessGateway({
        address,
        nc: await this.connect("harness-gateway"),
        team: this.#team,
        instance: instanceOf("harness-gateway"),
        roles,
        broker: layout.broker,
        snapshotStore: layout.snapshotStore,
        ledger: layout.ledger,
        calls: layout.gateway,
        objectsDir: home.objects,
        stateDir: home.gateway,
        model,
        localFiles,
        maxTasks: 64,
        logger: this.#loggerOf("harness-gateway"),
      }),
    );
  }

  /** Each service has a connection of its own, as it has when it runs apart. */
  async connect(name: string) {
    const { nats, closers } = this.#surroundings;
    const { url, token } = nats;
    const nc = await connectToNats({ url, token, name, waitMs: 10_000, logger: this.#loggerOf(name) });
    closers.add({ close: () => (nc.isClosed() ? undefined : nc.close()) });
    return nc;
  }

  #snapshotStore() {
    const { home, layout } = this.#surroundings;
    const logger = this.#loggerOf("snapshot-store");
    return createSnapshotStore({ address: layout.snapshotStore, dataDir: home.objects, team: this.#team, logger });
  }

  async #ledger() {
    const { home, layout } = this.#surroundings;
    return createProvenanceLedger({
      address: layout.ledger,
      nc: await this.connect("provenance-ledger"),
      dataDir: home.ledger,
      team: this.#team,
      keyFile: ledgerKeyFile(home),
      logger: this.#loggerOf("provenance-ledger"),
    });
  }

  async #broker() {
    const { home, layout, options } = this.#surroundings;
    const { path: bwrap } = await findBubblewrap({ cacheDir: home.cache, env: options.env });
    return createSandboxBroker({
      address: layout.broker,
      stateDir: home.broker,
      sandboxRoot: sandboxRootOf(home),
      bwrap,
      snapshotStore: layout.snapshotStore,
      team: this.#team,
      logger: this.#loggerOf("sandbox-broker"),
      faults: parseFaults(options.chaos.join(",")),
    });
  }

  async #planner() {
    return createPlanner({
      nc: await this.connect("planner"),
      team: this.#team,
      instance: instanceOf("planner"),
      logger: this.#loggerOf("planner"),
    });
  }
}

/** Unique over restarts: what a killed instance left in the logs is another's. */
const instanceOf = (service: string): string => `${service}-${randomBytes(6).toString("hex")}`;
