export * from "./command.ts";
export * from "./errors.ts";
export * from "./files.ts";
export * from "./limits.ts";
export * from "./provider.ts";
export * from "./workspace-path.ts";
