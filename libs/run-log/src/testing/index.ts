export * from "./candidates.ts";
export * from "./golden.ts";
export * from "./memory-log.ts";
export * from "./random-log.ts";
export * from "./samples.ts";
