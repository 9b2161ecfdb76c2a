import type { events } from "@cofferdam/contracts";
import { printable } from "../render/text.ts";

/** A tool call in few words: the command, the file it patches, the picture it looks at. */
export function describeToolCall(tool: string, body: events.Body | undefined): string {
  const args = argumentsOf(body);
  switch (tool) {
    case "exec_command":
      return text(args["cmd"]) || tool;
    case "apply_patch": {
      const operation = args["operation"];
      const { type, path } = isRecord(operation) ? operation : args;
      return `${text(type).replace("_", " ") || "patch"} ${text(path)}`.trim();
    }
    case "view_image":
      return `view ${text(args["path"])}`;
    default:
      return printable(tool);
  }
}

const text = (value: unknown): string => (typeof value === "string" ? printable(value) : "");

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function argumentsOf(body: events.Body | undefined): Record<string, unknown> {
  if (body?.body?.$case !== "inline") return {};
  try {
    const value: unknown = JSON.parse(body.body.value);
    return isRecord(value) ? value : {};
  } catch {
    // Arguments that are not JSON were refused by the harness; the tool's name has to do.
    return {};
  }
}
