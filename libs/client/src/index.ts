export type { CallControl, CofferdamClient, EvidenceClient, OutputFile, StartedRun, StartRun } from "./client.ts";
export { connectCofferdam, type ConnectOptions } from "./connect.ts";
export { CofferdamError, type CofferdamErrorCode, type ErrorClass } from "./errors.ts";
export type { WatchedEvent } from "./watched-event.ts";
