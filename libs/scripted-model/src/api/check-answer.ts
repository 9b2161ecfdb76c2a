import { ScriptedModelError } from "../errors.ts";
import type { Answer, Call } from "../program/answer.ts";
import type { OfferedTool } from "../program/conversation.ts";
import { isObject, isString } from "./json.ts";

/**
 * Checks what a program returned: programs may be plain JavaScript. A model can only call what it was offered.
 *
 * @throws ScriptedModelError `answer_invalid`
 */
export function checkAnswer(value: unknown, tools: readonly OfferedTool[]): Answer {
  if (!isObject(value)) throw wrong("it is not an object { text?, calls?, reasoning? }");
  const { text, calls, reasoning, ...rest } = value;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw wrong(`it has the unknown field '${unknown}'`);
  if (text !== undefined && !isString(text)) throw wrong("'text' is not a string");
  if (reasoning !== undefined && !isString(reasoning)) throw wrong("'reasoning' is not a string");
  if (calls !== undefined && !Array.isArray(calls)) throw wrong("'calls' is not an array");
  const checked = (calls ?? []).map((call: unknown, index) => checkCall(call, index, tools));
  if (text === undefined && checked.length === 0) throw wrong("it has neither text nor calls");
  return { ...(text === undefined ? {} : { text }), ...(reasoning === undefined ? {} : { reasoning }), calls: checked };
}

function checkCall(value: unknown, index: number, tools: readonly OfferedTool[]): Call {
  if (!isObject(value)) throw wrong(`call ${index} is not an object`);
  const operation = value["applyPatch"];
  if (operation !== undefined) {
    offered("apply_patch", tools);
    if (!isObject(operation) || !isString(operation["path"])) throw wrong(`call ${index} has no path to patch`);
    const { type, path, diff } = operation;
    if (type === "delete_file") return { applyPatch: { type, path } };
    if ((type === "create_file" || type === "update_file") && isString(diff))
      return { applyPatch: { type, path, diff } };
    throw wrong(`call ${index} is no create_file, update_file or delete_file with a diff`);
  }
  const { name, arguments: args } = value;
  if (!isString(name) || !isObject(args)) throw wrong(`call ${index} has no name and arguments`);
  offered(name, tools);
  return { name, arguments: args };
}

function offered(name: string, tools: readonly OfferedTool[]): void {
  if (tools.some((tool) => tool.name === name)) return;
  const names = tools.map((tool) => tool.name).join(", ");
  throw wrong(`it calls '${name}', which the request does not offer (it offers: ${names || "nothing"})`);
}

const wrong = (what: string): ScriptedModelError =>
  new ScriptedModelError({ code: "answer_invalid", message: `The program's answer is not usable: ${what}.` });
