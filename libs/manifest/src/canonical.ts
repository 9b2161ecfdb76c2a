import { createHash } from "node:crypto";
import { formatLocation } from "./location.ts";
import { parseManifest } from "./parse.ts";
import type { TextSource } from "./schema/agent.ts";
import type { Manifest } from "./schema/manifest.ts";
import { formatDuration } from "./units.ts";

/**
 * The manifest as one normalised JSON text (RFC 8785: sorted keys, no spaces): defaults filled in, sizes in bytes,
 * paths normalised. It is itself a manifest: {@link parseManifest} reads it back to an equal value, whatever order,
 * units or comments the author used.
 */
export function canonicalManifest(manifest: Manifest): string {
  return stringify(toDocument(manifest));
}

/** `sha256:` and the hexadecimal SHA-256 of {@link canonicalManifest}. */
export function manifestDigest(manifest: Manifest): `sha256:${string}` {
  return `sha256:${createHash("sha256").update(canonicalManifest(manifest)).digest("hex")}`;
}

/** Reads back what {@link canonicalManifest} wrote; throws a TypeError on anything else. */
export function readCanonicalManifest(text: string): Manifest {
  const result = parseManifest(text, { path: "manifest" });
  if (!result.ok) throw new TypeError(`not a canonical manifest: ${result.problems[0]?.message ?? ""}`);
  return result.manifest;
}

const textSource = (source: TextSource) => ("path" in source ? source.path : source);

const mapValues = <T>(record: Readonly<Record<string, T>>, change: (value: T) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

function toDocument({ spec, ...head }: Manifest): unknown {
  const { inputs, outputs, workspace, compute, agent, budgets, ...rest } = spec;
  const { memoryBytes, timeoutMs, ...otherCompute } = compute;
  const { wallMs, ...otherBudgets } = budgets;
  return {
    ...head,
    spec: {
      ...rest,
      inputs: mapValues(inputs, (input) => ({ ...input, from: formatLocation(input.from) })),
      outputs: mapValues(outputs, (output) => ({ ...output, to: formatLocation(output.to) })),
      workspace: { size: workspace.sizeBytes },
      compute: { ...otherCompute, memory: memoryBytes, timeout: formatDuration(timeoutMs) },
      budgets: { ...otherBudgets, wall: formatDuration(wallMs) },
      agent: {
        ...agent,
        instructions: textSource(agent.instructions),
        ...(agent.join === undefined ? {} : { join: textSource(agent.join) }),
      },
    },
  };
}

/** RFC 8785 for the values that a manifest holds: JSON.stringify already writes numbers and text as it demands. */
function stringify(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, item]) => `${JSON.stringify(name)}:${stringify(item)}`).join(",")}}`;
}
