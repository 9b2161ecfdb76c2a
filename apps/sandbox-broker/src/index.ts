export { type Fault, FaultError, parseFaults } from "./domain/faults.ts";
export { createSandboxBroker, type SandboxBrokerDeps } from "./service.ts";
