export * from "./answer.ts";
export * from "./conversation.ts";
export * from "./dialogue.ts";
export * from "./exec-output.ts";
