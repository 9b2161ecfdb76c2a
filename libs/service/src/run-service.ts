import { randomBytes } from "node:crypto";
import type { NatsConnection } from "@nats-io/nats-core";
import { z } from "zod";
import type { Address } from "./address.ts";
import { commonFields } from "./config-fields.ts";
import { loadConfig } from "./config.ts";
import { RpcError } from "./errors.ts";
import { ExitCode } from "./exit-code.ts";
import { createLogger, type Logger } from "./log.ts";
import { connectToNats } from "./nats.ts";
import { onShutdownRequest } from "./shutdown.ts";
import { StartupError } from "./startup-error.ts";
import { startTelemetry, type Telemetry } from "./telemetry.ts";

/** What every `create<Service>` returns. */
export interface Service {
  /** Where it serves gRPC, if it does. */
  readonly address?: Address | undefined;
  /** Stops accepting, lets what is under way end within a bound, releases everything. Idempotent. */
  close(): Promise<void>;
}

export interface ServiceContext<C> {
  /** The service's own fields and the common ones, parsed. */
  readonly config: C;
  readonly team: string;
  /** Unique among the replicas of this service, also over restarts unless COFFERDAM_INSTANCE is set. */
  readonly instance: string;
  readonly logger: Logger;
  /**
   * The connection to NATS, opened at the first call and drained after the service has closed. The service's fields must
   * include `natsFields`.
   */
  nats(): Promise<NatsConnection>;
}

type Fields = Readonly<Record<string, z.ZodType>>;
type Config<F extends Fields> = z.output<z.ZodObject<typeof commonFields & F>>;

/**
 * The `main` of every service: configuration, log, telemetry, `create`, one line of JSON on standard output once it is
 * ready (`{"ready":true,"service":…,"pid":…,"address":…,"start_ms":…}`), and a graceful shutdown.
 *
 * SIGTERM and SIGINT (and the end of standard input, where COFFERDAM_EXIT_WITH_PARENT is set) close the service; a second
 * signal, or COFFERDAM_SHUTDOWN_MS, cuts it. An uncaught error is logged once and ends the process: its state is in
 * the log, so a restart is the recovery. Exit codes are {@link ExitCode}.
 *
 * @example
 * await runService("planner", natsFields, async ({ nats, team, instance, logger }) =>
 *   createPlanner({ nc: await nats(), team: Team(team), instance, logger }));
 */
export async function runService<F extends Fields>(
  name: string,
  fields: F,
  create: (context: ServiceContext<Config<F>>) => Promise<Service>,
): Promise<void> {
  const begin = performance.now();
  process.stdout.on("error", () => process.exit(ExitCode.OK));
  let logger: Logger | undefined;
  try {
    const config = loadConfig(z.object({ ...commonFields, ...fields }), process.env) as Config<F>;
    const common = config as z.output<z.ZodObject<typeof commonFields>>;
    const instance = common.COFFERDAM_INSTANCE ?? `${name}-${randomBytes(6).toString("hex")}`;
    logger = createLogger(name, common.COFFERDAM_LOG_LEVEL, common.COFFERDAM_LOG_FILE).child({ instance });
    endOnUncaught(logger);
    const telemetry = await startTelemetry(name, instance, common.OTEL_EXPORTER_OTLP_ENDPOINT);
    const bus = lazyNats(`${name} ${instance}`, config, logger);
    const stopped = onShutdownRequest({
      withParent: common.COFFERDAM_EXIT_WITH_PARENT,
      graceMs: common.COFFERDAM_SHUTDOWN_MS,
      logger,
    });
    const context = { config, team: common.COFFERDAM_TEAM, instance, logger, nats: bus.connect };
    const service = await create(context);
    announce(name, service, begin, logger);
    await stopped;
    await closeAll(service, bus, telemetry);
    logger.info({}, "stopped");
    process.exit(ExitCode.OK);
  } catch (error) {
    process.exit(reportFailure(name, error, logger));
  }
}

function announce(name: string, service: Service, begin: number, logger: Logger): void {
  const ready = {
    ready: true,
    service: name,
    pid: process.pid,
    address: service.address,
    start_ms: Math.round(performance.now() - begin),
  };
  logger.info(ready, "ready");
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

async function closeAll(service: Service, bus: { close(): Promise<void> }, telemetry: Telemetry): Promise<void> {
  await service.close();
  await bus.close();
  await telemetry.shutdown();
}

function lazyNats(name: string, config: Readonly<Record<string, unknown>>, logger: Logger) {
  let opening: Promise<NatsConnection> | undefined;
  const open = (): Promise<NatsConnection> => {
    const { COFFERDAM_NATS_URL: url, COFFERDAM_NATS_TOKEN: token, COFFERDAM_NATS_WAIT_MS: waitMs } = config;
    if (typeof url !== "string" || typeof waitMs !== "number") {
      throw new TypeError("a service that uses NATS spreads natsFields into its fields");
    }
    return connectToNats({ url, token: typeof token === "string" ? token : undefined, name, waitMs, logger });
  };
  return {
    connect: (): Promise<NatsConnection> => (opening ??= open()),
    close: async (): Promise<void> => {
      const nc = await opening;
      if (nc !== undefined && !nc.isClosed()) await nc.drain();
    },
  };
}

function endOnUncaught(logger: Logger): void {
  const end = (err: unknown): void => {
    logger.error({ err }, "uncaught error");
    process.exit(ExitCode.FAILED);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

/** Says once, on standard error, why the process does not start. Unexpected errors keep their stack in the log only. */
function reportFailure(name: string, error: unknown, logger: Logger | undefined): ExitCode {
  const say = (message: string, mend: string): void => {
    process.stderr.write(`${name}: ${message}\n${mend === "" ? "" : `${name}: ${mend}\n`}`);
  };
  if (error instanceof StartupError || error instanceof RpcError) {
    say(error.message, error.mend);
    return error instanceof StartupError && error.code === "CONFIG_INVALID" ? ExitCode.USAGE : ExitCode.ENVIRONMENT;
  }
  if (logger === undefined) say(error instanceof Error ? error.message : String(error), "");
  else logger.error({ err: error }, "failed");
  return ExitCode.FAILED;
}
