import { chmodSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { descriptorSet } from "@cofferdam/contracts";
import { RpcError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { type Address, bindTarget, socketPath } from "./address.ts";

const require = createRequire(import.meta.url);

export interface Call {
  /** Aborts when the caller goes away or its deadline passes. */
  readonly signal: AbortSignal;
}

/** A unary method as services write it: a value or an RpcError. */
export function unary<Q, R>(handler: (request: Q, call: Call) => Promise<R>) {
  return (call: ServerUnaryCall<Q, R>, done: sendUnaryData<R>): void => {
    handler(call.request, callOf(call)).then(
      (value) => done(null, value),
      (error: unknown) => done(failed(call, error)),
    );
  };
}

/** A server-streaming method: an async generator, paced by the client's reading. */
export function serverStream<Q, R>(handler: (request: Q, call: Call) => AsyncIterable<R>) {
  return (call: ServerWritableStream<Q, R>): void => {
    void pump(call, handler(call.request, callOf(call)));
  };
}

/** A client-streaming method. */
export function clientStream<Q, R>(handler: (requests: AsyncIterable<Q>, call: Call) => Promise<R>) {
  return (call: ServerReadableStream<Q, R>, done: sendUnaryData<R>): void => {
    handler(call as AsyncIterable<Q>, callOf(call)).then(
      (value) => done(null, value),
      (error: unknown) => done(failed(call, error)),
    );
  };
}

/** A bidirectional method. */
export function duplex<Q, R>(handler: (requests: AsyncIterable<Q>, call: Call) => AsyncIterable<R>) {
  return (call: ServerDuplexStream<Q, R>): void => {
    void pump(call, handler(call as AsyncIterable<Q>, callOf(call)));
  };
}

interface Cancellable {
  on(event: "cancelled", listener: () => void): unknown;
  readonly cancelled: boolean;
}

function callOf(call: Cancellable): Call {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  call.on("cancelled", () => controller.abort());
  return { signal: controller.signal };
}

const reporters = new WeakMap<object, Logger>();
let fallbackReporter: Logger | undefined;

function failed(call: object, error: unknown) {
  const rpc = RpcError.from(error);
  if (rpc.status === "INTERNAL") (reporters.get(call) ?? fallbackReporter)?.error({ err: error }, "call failed");
  return rpc.toServiceError();
}

/** The part of a gRPC response stream that {@link pump} uses. */
interface Outgoing<R> extends Cancellable {
  write(item: R): boolean;
  end(): void;
  emit(event: "error", error: unknown): boolean;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

async function pump<R>(call: Outgoing<R>, items: AsyncIterable<R>) {
  try {
    for await (const item of items) {
      if (call.cancelled) return;
      if (!call.write(item)) await drained(call);
    }
    call.end();
  } catch (error) {
    call.emit("error", failed(call, error));
  }
}

function drained(call: Outgoing<never>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off("drain", done);
      call.off("cancelled", done);
      call.off("close", done);
      resolve();
    };
    call.on("drain", done);
    call.on("cancelled", done);
    call.on("close", done);
  });
}

export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface RunningServer {
  /** Where it listens, with the port that was really bound. */
  readonly address: Address;
  /** Stops accepting, lets calls end for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

/** Starts a gRPC server with health (grpc.health.v1) and reflection. A port in use is an RpcError that names it. */
export async function serveGrpc(
  address: Address,
  services: readonly ServedService[],
  logger: Logger,
): Promise<RunningServer> {
  const server = new Server({ "grpc.max_receive_message_length": 64 << 20, "grpc.max_send_message_length": 64 << 20 });
  fallbackReporter = logger;
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const names = services.map((s) => serviceName(s.definition));
  const health = addHealth(server, names);
  addReflection(server, names);
  const path = socketPath(address);
  if (path !== undefined) rmSync(path, { force: true });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(bindTarget(address), ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) return resolve(bound);
      reject(
        new RpcError({
          status: "UNAVAILABLE",
          reason: "ADDRESS_IN_USE",
          message: `cannot listen on ${address}`,
          mend: "end the process that uses it, or choose another address",
          metadata: { address },
          cause: error,
        }),
      );
    });
  });
  if (path !== undefined) chmodSync(path, 0o600);
  const bound = path === undefined ? (address.replace(/:\d+$/, `:${port}`) as Address) : address;
  logger.info({ address: bound, services: names }, "listening");
  return {
    address: bound,
    close: async (graceMs = 2_000) => {
      for (const name of ["", ...names]) health(name, "NOT_SERVING");
      await new Promise<void>((resolve) => {
        const cut = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, graceMs);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      });
      if (path !== undefined) rmSync(path, { force: true });
    },
  };
}

function serviceName(definition: ServiceDefinition): string {
  const [method] = Object.values(definition);
  if (method === undefined) throw new TypeError("a gRPC service without methods");
  return method.path.split("/")[1] ?? "";
}

// grpc-health-check and @grpc/reflection are CommonJS and are used through the small parts of them named here.
function addHealth(server: Server, names: readonly string[]): (name: string, status: string) => void {
  const { HealthImplementation } = require("grpc-health-check");
  const health = new HealthImplementation(Object.fromEntries(["", ...names].map((n) => [n, "SERVING"])));
  health.addToServer(server);
  return (name, status) => health.setStatus(name, status);
}

function addReflection(server: Server, names: readonly string[]): void {
  const { ReflectionService } = require("@grpc/reflection");
  const { loadFileDescriptorSetFromBuffer } = require("@grpc/proto-loader");
  const definition = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet));
  new ReflectionService(definition, { services: [...names] }).addToServer(server);
}
