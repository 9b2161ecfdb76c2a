import { createRequire } from "node:module";
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Metadata,
  type Server,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { Address } from "./address.ts";
import { RpcError } from "./errors.ts";

export type Serving = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN" | "UNKNOWN";

/** The small part of grpc-health-check, which is CommonJS, that is used. */
interface HealthModule {
  readonly HealthImplementation: new (states: Readonly<Record<string, Serving>>) => {
    addToServer(server: Server): void;
    setStatus(service: string, status: Serving): void;
  };
  readonly service: ServiceDefinition;
}

const healthModule: HealthModule = createRequire(import.meta.url)("grpc-health-check");

/** Health of a server: of the whole (empty name) and of each service. */
export interface Health {
  set(status: Serving): void;
}

/** Serves grpc.health.v1 for the services named, all SERVING. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ["", ...services];
  const health = new healthModule.HealthImplementation(Object.fromEntries(names.map((name) => [name, "SERVING"])));
  health.addToServer(server);
  return {
    set: (status) => {
      for (const name of names) health.setStatus(name, status);
    },
  };
}

const HealthClient = makeGenericClientConstructor(healthModule.service, "grpc.health.v1.Health");

/** Asks a server for its health. UNKNOWN if nothing answers within `timeoutMs`. */
export function checkHealth(address: Address, timeoutMs: number): Promise<Serving> {
  return new Promise((resolve, reject) => {
    const client = new HealthClient(address, credentials.createInsecure());
    const metadata = new Metadata({ waitForReady: true });
    const check = client["check"];
    if (check === undefined) return reject(new TypeError("grpc.health.v1.Health has no method Check"));
    const deadline = Date.now() + timeoutMs;
    check.call(client, { service: "" }, metadata, { deadline }, (error: unknown, reply?: { status: Serving }) => {
      (client as Client).close();
      if (error === null) return resolve(reply?.status ?? "UNKNOWN");
      const { status } = RpcError.from(error);
      if (status === "UNAVAILABLE" || status === "DEADLINE_EXCEEDED") return resolve("UNKNOWN");
      reject(RpcError.from(error));
    });
  });
}
