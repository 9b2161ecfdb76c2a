import type { CallTool } from "@cofferdam/policy";
import { parseExecArguments, parseImagePath, parsePatchOperation, type ToolCall, ToolArgumentError } from "./tools.ts";

/** What policy is asked about a tool call. A call whose arguments can't be read has no effect and names nothing. */
export function policyRequest(principal: string, call: ToolCall): CallTool {
  return {
    principal: { type: "Task", id: principal },
    action: "tool.call",
    resource: { type: "Tool", id: call.tool },
    context: contextOf(call),
  };
}

function contextOf(call: ToolCall): CallTool["context"] {
  try {
    switch (call.tool) {
      case "exec_command": {
        const { workdir } = parseExecArguments(call.arguments);
        return workdir === "" ? {} : { workdir };
      }
      case "apply_patch": {
        const { path, moveTo } = parsePatchOperation(call.arguments);
        return { writes: moveTo === undefined ? [path] : [path, moveTo] };
      }
      case "view_image":
        return { reads: [parseImagePath(call.arguments)] };
      default:
        return {};
    }
  } catch (error) {
    if (error instanceof ToolArgumentError) return {};
    throw error;
  }
}
