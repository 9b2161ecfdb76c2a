import type { z } from "zod";
import type { Finding } from "./consistency.ts";
import { manifestJsonSchema } from "./json-schema.ts";
import { knownFields } from "./known-fields.ts";
import { nearest } from "./nearest.ts";
import type { ProblemReason } from "./problem.ts";
import { tiers } from "./schema/compute.ts";
import { unsupportedMend } from "./unsupported.ts";

type Issue = z.core.$ZodIssue;
let schema: Record<string, unknown> | undefined;

/** What an issue of the schema says, as findings with a stable reason and a mend. */
export function findingsOf(issue: Issue, document: unknown, base: readonly PropertyKey[] = []): Finding[] {
  const path = [...base, ...issue.path];
  const found = (reason: ProblemReason, message: string, mend: string): Finding[] => [
    { path, at: "value", reason, message, mend },
  ];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownField([...path, key], path));
    case "invalid_type": {
      if (valueAt(document, path) !== undefined) {
        return found("WRONG_TYPE", `this is ${kindOf(valueAt(document, path))}`, `write ${expected(issue.expected)}`);
      }
      const name = String(path.at(-1) ?? "");
      return [{ path, at: "key", reason: "MISSING_FIELD", message: `${name} is missing`, mend: `add ${name}` }];
    }
    case "invalid_value":
      return [invalidValue(path, issue.values.map(String), valueAt(document, path))];
    case "invalid_union":
      return unionFindings(issue, document, path);
    case "too_small":
      return found("OUT_OF_RANGE", `this is too short or too small`, `give at least ${issue.minimum}`);
    case "too_big":
      return found("OUT_OF_RANGE", `this is too long or too large`, `give at most ${issue.maximum}`);
    case "custom": {
      const { reason, mend } = issue.params ?? {};
      if (typeof reason !== "string" || typeof mend !== "string") throw new TypeError("a refinement without a reason");
      return found(reason as ProblemReason, issue.message, mend);
    }
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
      break;
  }
  return found("INVALID_VALUE", issue.message, "see the manifest reference");
}

function unknownField(path: readonly PropertyKey[], parent: readonly PropertyKey[]): Finding {
  const name = JSON.stringify(path.at(-1));
  const later = unsupportedMend(path);
  if (later !== undefined) {
    return { path, at: "key", reason: "UNSUPPORTED", message: `${name} is not supported yet`, mend: later };
  }
  const known = knownFields((schema ??= manifestJsonSchema()), parent);
  const near = nearest(String(path.at(-1)), known);
  const mend = near === undefined ? `the fields here are ${known.join(", ")}` : `did you mean ${near}?`;
  return { path, at: "key", reason: "UNKNOWN_FIELD", message: `there is no field ${name}`, mend };
}

function invalidValue(path: readonly PropertyKey[], allowed: readonly string[], value: unknown): Finding {
  const at = "value" as const;
  if (value === undefined) {
    const name = String(path.at(-1));
    const mend = `add ${name}: ${allowed.join(" or ")}`;
    return { path, at: "key", reason: "MISSING_FIELD", message: `${name} is missing`, mend };
  }
  const shown = typeof value === "string" ? JSON.stringify(value) : kindOf(value);
  const known: readonly string[] = tiers;
  if (path.join(".") === "spec.compute.tier" && typeof value === "string" && known.includes(value)) {
    const message = `tier ${shown} is not supported yet`;
    return { path, at, reason: "UNSUPPORTED", message, mend: "write namespace, or leave tier out" };
  }
  const near = typeof value === "string" ? nearest(value, allowed) : undefined;
  const mend = near === undefined ? `write one of: ${allowed.join(", ")}` : `did you mean ${near}?`;
  return { path, at, reason: "INVALID_VALUE", message: `${shown} is not allowed here`, mend };
}

/** The alternative whose type fits is the one that was meant; its problems are the ones to report. */
function unionFindings(
  issue: Extract<Issue, { code: "invalid_union" }>,
  document: unknown,
  path: readonly PropertyKey[],
): Finding[] {
  const meant = issue.errors.find((issues) => !issues.some((i) => i.code === "invalid_type" && i.path.length === 0));
  if (meant !== undefined) return meant.flatMap((inner) => findingsOf(inner, document, path));
  const value = valueAt(document, path);
  if (value === undefined) {
    const name = String(path.at(-1));
    return [{ path, at: "key", reason: "MISSING_FIELD", message: `${name} is missing`, mend: `add ${name}` }];
  }
  const kinds = issue.errors.flat().flatMap((i) => (i.code === "invalid_type" ? [expected(i.expected)] : []));
  const mend = `write ${[...new Set(kinds)].join(" or ")}`;
  return [{ path, at: "value", reason: "WRONG_TYPE", message: `this is ${kindOf(value)}`, mend }];
}

function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  let value = document;
  for (const segment of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[segment];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  return typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}

const kinds: Readonly<Record<string, string>> = {
  string: "text (in quotes where it looks like a number)",
  number: "a number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};
const expected = (type: string): string => kinds[type] ?? type;
