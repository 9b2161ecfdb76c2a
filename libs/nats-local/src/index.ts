export * from "./errors.ts";
export * from "./find-server.ts";
export * from "./connect.ts";
export * from "./start.ts";
