export { type CommandResult, DEFAULT_OUTPUT_TOKENS, exitStatus, renderCommandResult, truncate } from "./exec-result.ts";
export { applyCreate, applyUpdate, PatchError } from "./v4a.ts";
