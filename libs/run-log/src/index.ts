export * from "./log-key.ts";
export * from "./event-types.ts";
export * from "./envelope.ts";
export * from "./state.ts";
