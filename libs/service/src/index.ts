export * from "./address.ts";
export * from "./errors.ts";
export * from "./grpc-client.ts";
export * from "./grpc-server.ts";
export * from "./log.ts";
