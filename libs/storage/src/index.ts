export * from "./blob-store.ts";
export * from "./digest.ts";
export * from "./errors.ts";
export * from "./file/file-store.ts";
export * from "./key.ts";
export * from "./location.ts";
export * from "./object-store.ts";
