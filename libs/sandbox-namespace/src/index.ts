export * from "./bubblewrap/find.ts";
export * from "./bubblewrap/probe.ts";
export * from "./provider.ts";
export type { UidRange } from "./uids.ts";
