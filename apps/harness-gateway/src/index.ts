export { type ModelConfig, modelFromEnvironment } from "./domain/model-config.ts";
export { createHarnessGateway, type HarnessGatewayOptions, type Role, ROLES } from "./service.ts";
