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
import { addLazyMethods } from "./grpc-lazy-service.ts";

export type Serving = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN" | "UNKNOWN";

interface HealthImplementation {
  addToServer(server: Server): void;
  setStatus(service: string, status: Serving): void;
}

/** The small part of grpc-health-check, which is CommonJS, that is used. */
interface HealthModule {
  readonly HealthImplementation: new (states: Readonly<Record<string, Serving>>) => HealthImplementation;
  readonly service: ServiceDefinition;
}

const require = createRequire(import.meta.url);
const healthModule = (): HealthModule => require("grpc-health-check");

/** Health of a server: of the whole (empty name) and of each service. */
export interface Health {
  set(status: Serving): void;
}

/** Serves grpc.health.v1 for the services named, all SERVING. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ["", ...services];
  const states: Record<string, Serving> = Object.fromEntries(names.map((name) => [name, "SERVING"]));
  let running: HealthImplementation | undefined;
  const path = "/grpc.health.v1.Health";
  const methods = [
    { name: "check", path: `${path}/Check`, requestStream: false, responseStream: false },
    { name: "list", path: `${path}/List`, requestStream: false, responseStream: false },
    { name: "watch", path: `${path}/Watch`, requestStream: false, responseStream: true },
  ];
  addLazyMethods(server, methods, (recorder) => {
    const { HealthImplementation } = healthModule();
    running = new HealthImplementation(states);
    running.addToServer(recorder);
  });
  return {
    set: (status) => {
      for (const name of names) {
        states[name] = status;
        running?.setStatus(name, status);
      }
    },
  };
}

/** Asks a server for its health. UNKNOWN if nothing answers within `timeoutMs`. */
export function checkHealth(address: Address, timeoutMs: number): Promise<Serving> {
  const HealthClient = makeGenericClientConstructor(healthModule().service, "grpc.health.v1.Health");
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
