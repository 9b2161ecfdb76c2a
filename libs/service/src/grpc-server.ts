import { chmodSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { type Address, bindTarget, socketPath } from "./address.ts";
import { RpcError } from "./errors.ts";
import { addHealth } from "./grpc-health.ts";
import "./grpc-log.ts";
import { observeCalls } from "./grpc-observation.ts";
import { addReflection } from "./grpc-reflection.ts";
import type { Logger } from "./log.ts";

export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface RunningServer {
  /** Where it listens, with the port that was really bound. */
  readonly address: Address;
  /**
   * Reports NOT_SERVING, stops accepting, lets calls end for `graceMs`, then aborts them, which their callers see as
   * UNAVAILABLE, and cuts those that do not end even so.
   */
  close(graceMs?: number): Promise<void>;
}

/** Starts a gRPC server with health (grpc.health.v1) and reflection. A port in use is an RpcError that names it. */
export async function serveGrpc(
  address: Address,
  services: readonly ServedService[],
  logger: Logger,
): Promise<RunningServer> {
  const closing = new AbortController();
  const server = new Server({
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": 64 << 20,
    interceptors: [observeCalls(logger, closing.signal)],
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const names = services.map((s) => serviceName(s.definition));
  const health = addHealth(server, names);
  addReflection(server, names);
  const path = socketPath(address);
  if (path !== undefined) await removeStaleSocket(path, address);
  const port = await bind(server, address);
  if (path !== undefined) chmodSync(path, 0o600);
  const bound = path === undefined ? (address.replace(/:\d+$/, `:${port}`) as Address) : address;
  logger.info({ address: bound, services: names }, "listening");
  return {
    address: bound,
    close: async (graceMs = 2_000) => {
      health.set("NOT_SERVING");
      await shutDown(server, closing, graceMs);
      if (path !== undefined) rmSync(path, { force: true });
    },
  };
}

function bind(server: Server, address: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(bindTarget(address), ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      reject(inUse(address, error));
    });
  });
}

const inUse = (address: Address, cause?: unknown): RpcError =>
  new RpcError({
    status: "UNAVAILABLE",
    reason: "ADDRESS_IN_USE",
    message: `cannot listen on ${address}`,
    mend: "end the process that uses it, or choose another address",
    metadata: { address },
    cause,
  });

/** A killed server leaves its socket file, which would block the next one; a live server's is not taken away. */
function removeStaleSocket(path: string, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = connectSocket(path);
    probe.once("connect", () => {
      probe.destroy();
      reject(inUse(address));
    });
    probe.once("error", () => {
      rmSync(path, { force: true });
      resolve();
    });
  });
}

/** Time that an aborted call has to say so to its caller. */
const ABORT_MS = 500;

async function shutDown(server: Server, closing: AbortController, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const isOver = (ms: number): Promise<boolean> => {
    const timer = Promise.withResolvers<boolean>();
    const pending = setTimeout(() => timer.resolve(false), ms);
    return Promise.race([ended.then(() => true), timer.promise]).finally(() => clearTimeout(pending));
  };
  if (await isOver(graceMs)) return;
  closing.abort();
  if (!(await isOver(ABORT_MS))) server.forceShutdown();
}

function serviceName(definition: ServiceDefinition): string {
  const [method] = Object.values(definition);
  if (method === undefined) throw new TypeError("a gRPC service without methods");
  return method.path.split("/")[1] ?? "";
}
