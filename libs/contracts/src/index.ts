export * as events from "./gen/cofferdam/events/v1/events.ts";
export * as evidence from "./gen/cofferdam/evidence/v1/evidence.ts";
export * as harness from "./gen/cofferdam/harness/v1/harness.ts";
export * as manifest from "./gen/cofferdam/manifest/v1/manifest.ts";
export * as run from "./gen/cofferdam/run/v1/run.ts";
export * as sandbox from "./gen/cofferdam/sandbox/v1/sandbox.ts";
export * as snapshot from "./gen/cofferdam/snapshot/v1/snapshot.ts";
export { descriptorSet } from "./gen/descriptors.ts";
