import type { Problem } from "@cofferdam/manifest";
import { RpcError } from "@cofferdam/service";

/** Most problems that stand in one message. */
const MAX_LINES = 20;
/** Most that travels as JSON beside the message: trailers are bounded, and are percent-encoded on the way. */
const MAX_JSON_BYTES = 12_000;

/**
 * INVALID_ARGUMENT with every problem of a manifest, or of what it selects, in its message; for machines as a JSON array in
 * metadata `problems`, as many as fit.
 */
export function manifestInvalid(problems: readonly Problem[]): RpcError {
  const lines = problems.slice(0, MAX_LINES).map(lineOf);
  return new RpcError({
    status: "INVALID_ARGUMENT",
    reason: "MANIFEST_INVALID",
    message: `the manifest has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n${lines.join("\n")}`,
    mend: "ManifestService.Validate gives each with its place",
    metadata: { problems: jsonOf(problems) },
  });
}

function lineOf({ line, column, reason, path, message, mend }: Problem): string {
  const place = line > 0 ? `${line}:${column} ` : "";
  return `${place}${reason} ${path}: ${message}; ${mend}`;
}

function jsonOf(problems: readonly Problem[]): string {
  const kept: string[] = [];
  let bytes = 2;
  for (const { path, line, column, reason, message, mend } of problems) {
    const json = JSON.stringify({ path, line, column, reason, message, mend });
    bytes += Buffer.byteLength(json) + 1;
    if (bytes > MAX_JSON_BYTES) break;
    kept.push(json);
  }
  return `[${kept.join(",")}]`;
}
