import { z } from "zod";
import { limits } from "../limits.ts";
import { type Agent, agentSchema } from "./agent.ts";
import { budgetsSchema, computeSchema } from "./compute.ts";
import { type Input, inputSchema } from "./input.ts";
import { type Output, outputSchema } from "./output.ts";
import { size } from "./quantity.ts";
import { name, teamName } from "./text.ts";

const metadata = z
  .strictObject({
    name: name("Name of the manifest; runs are listed by it."),
    team: teamName().optional(),
    description: z.string().max(1_000).optional().meta({ description: "For people." }),
  })
  .meta({ description: "What the manifest is called." });

const workspace = z
  .strictObject({
    size: size(limits.workspaceBytes, "Most bytes that the agent may have written.").prefault(
      limits.workspaceBytes.initial,
    ),
  })
  .transform((value) => ({ sizeBytes: value.size }));

const checkpoints = z.strictObject({
  every: z.literal("step").prefault("step").meta({ description: "A checkpoint after each tool call." }),
});

const propertyNames = { pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$" };

/** `parallel` always says over which input. */
interface Spec {
  inputs: Record<string, Input>;
  outputs: Record<string, Output>;
  environment: Record<string, string>;
  workspace: z.output<typeof workspace>;
  compute: Omit<z.output<typeof computeSchema>, "parallel"> & { parallel?: { over: string; max: number } };
  agent: Agent;
  budgets: z.output<typeof budgetsSchema>;
  checkpoints: z.output<typeof checkpoints>;
}

const spec = z
  .strictObject({
    inputs: z
      .record(z.string(), inputSchema)
      .meta({ description: "What the agent gets to see, by name: /workspace/inputs/<name>.", propertyNames })
      .prefault({}),
    workspace: workspace.prefault({}),
    outputs: z
      .record(z.string(), outputSchema)
      .meta({ description: "What is published, by name.", propertyNames })
      .prefault({}),
    environment: z
      .record(z.string(), z.string())
      .meta({ description: "Variables of every command. No secrets: their values never enter a sandbox." })
      .prefault({}),
    compute: computeSchema.prefault({}),
    agent: agentSchema,
    budgets: budgetsSchema.prefault({}),
    checkpoints: checkpoints.prefault({}),
  })
  .transform(({ compute: { parallel, ...compute }, ...rest }): Spec => {
    if (parallel === undefined) return { ...rest, compute };
    if (typeof parallel !== "number") return { ...rest, compute: { ...compute, parallel } };
    // A number alone means the only input; consistency.ts has refused every manifest with another count of inputs.
    const over = Object.keys(rest.inputs)[0] ?? "";
    return { ...rest, compute: { ...compute, parallel: { over, max: parallel } } };
  });

/**
 * The manifest, defined once: types, validation and the published JSON Schema all come from here. What one field alone
 * must satisfy stands here; what ties fields together stands in consistency.ts.
 */
export const manifestSchema = z.strictObject({
  apiVersion: z.literal("cofferdam.dev/v1"),
  kind: z.literal("Manifest"),
  metadata,
  spec,
});

/** A manifest that passed validation: defaults filled in, sizes in bytes, durations in milliseconds, paths normalised. */
export type Manifest = z.output<typeof manifestSchema>;
