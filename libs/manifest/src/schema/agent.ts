import { z } from "zod";
import { refuse } from "./refusal.ts";
import { relativePath } from "./text.ts";

/** Tools that an agent can be given, by the names that the Responses API knows them. */
export const toolNames = ["exec_command", "apply_patch", "view_image"] as const;
export type ToolName = (typeof toolNames)[number];

/** Text in place, or a file beside the manifest. The gateway turns the file into text when the run is submitted. */
export type TextSource = { readonly path: string } | { readonly text: string };

/** Most characters of instructions. */
export const MAX_INSTRUCTIONS = 256 * 1024;

const textSource = (description: string) =>
  z
    .union([
      relativePath(description),
      z.strictObject({ text: z.string().min(1).max(MAX_INSTRUCTIONS).meta({ description: "The text itself." }) }),
    ])
    .meta({ description })
    .transform((value): TextSource => (typeof value === "string" ? { path: value } : { text: value.text }));

const tools = z
  .array(z.enum([...toolNames, "shell"]))
  .meta({
    description: "Tools that the agent may call; every other call is denied. `shell` is another name of exec_command.",
  })
  .transform((list) => {
    const given = new Set<string>(list.map((tool) => (tool === "shell" ? "exec_command" : tool)));
    return toolNames.filter((tool) => given.has(tool));
  })
  .prefault([...toolNames]);

export const agentSchema = z.strictObject({
  model: z
    .string()
    .meta({ description: "Model that answers, by the provider's name for it.", examples: ["gpt-5.5"] })
    .superRefine((text, ctx) => {
      if (/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(text)) return;
      refuse(ctx, {
        reason: "INVALID_NAME",
        message: `${JSON.stringify(text)} is not a model's name`,
        mend: "write a name such as gpt-5.5",
      });
    }),
  instructions: textSource("What the agent is to do: a Markdown file, or the text itself."),
  tools,
  join: textSource("Instructions of one more task that sees what all others wrote.").optional(),
  script: relativePath(
    "Program that answers in place of the model when no API key is set. For demonstrations and tests.",
  ).optional(),
});

export type Agent = z.output<typeof agentSchema>;
