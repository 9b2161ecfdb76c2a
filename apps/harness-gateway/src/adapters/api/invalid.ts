import type { Problem } from "@cofferdam/manifest";
import { RpcError } from "@cofferdam/service";

/** Most problems that stand in one message. */
const MAX_LINES = 20;

/** INVALID_ARGUMENT with every problem of a manifest, or of what it selects, in its message. */
export function manifestInvalid(problems: readonly Problem[]): RpcError {
  const lines = problems.slice(0, MAX_LINES).map(lineOf);
  return new RpcError({
    status: "INVALID_ARGUMENT",
    reason: "MANIFEST_INVALID",
    message: `the manifest has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${lines.join("\n")}`,
    mend: "ManifestService.Validate gives each with its place",
    metadata: { problems: String(problems.length) },
  });
}

function lineOf({ line, column, reason, path, message, mend }: Problem): string {
  const place = line > 0 ? `${line}:${column} ` : "";
  return `${place}${reason} ${path}: ${message}; ${mend}`;
}
