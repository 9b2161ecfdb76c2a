export * from "./archive-line.ts";
export * from "./audit-message.ts";
export * from "./errors.ts";
export * from "./ledger-files.ts";
export * from "./message-digest.ts";
export * from "./state-record.ts";
