import { isReservedVariable, isVariableName } from "./environment.ts";
import type { ProblemReason } from "./problem.ts";
import { collisionKey, isWithin, normalizeRelativePath } from "./relative-path.ts";
import { isName, nameMend } from "./schema/text.ts";
import { isSecretName, secretKind } from "./secrets.ts";
import { nearest } from "./nearest.ts";

/** A problem at a path, before it is known where that stands in the text. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly at: "key" | "value";
  readonly reason: ProblemReason;
  readonly message: string;
  readonly mend: string;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/**
 * What ties fields together. Reads the document as it was written and passes over whatever has another shape than it
 * should (the schema reports that), so that these findings come together with the schema's.
 */
export function findInconsistencies(document: unknown): Finding[] {
  const spec = fieldsOf(fieldsOf(document)["spec"]);
  return [
    ...findNames(spec),
    ...findOutputCollisions(fieldsOf(spec["outputs"])),
    ...findEnvironment(fieldsOf(spec["environment"])),
    ...findParallel(spec),
    ...findSecrets(document, []),
  ];
}

function findNames(spec: Fields): Finding[] {
  return (["inputs", "outputs"] as const).flatMap((section) =>
    Object.keys(fieldsOf(spec[section]))
      .filter((name) => !isName(name))
      .map((name): Finding => ({
        path: ["spec", section, name],
        at: "key",
        reason: "INVALID_NAME",
        message: `${JSON.stringify(name)} is not a name`,
        mend: nameMend,
      })),
  );
}

function findOutputCollisions(outputs: Fields): Finding[] {
  const findings: Finding[] = [];
  const seen: { readonly name: string; readonly path: string }[] = [];
  for (const [name, output] of Object.entries(outputs)) {
    const written = fieldsOf(output)["path"];
    if (typeof written !== "string") continue;
    const path = collisionKey(normalizeRelativePath(written));
    const other = seen.find((earlier) => isWithin(path, earlier.path) || isWithin(earlier.path, path));
    seen.push({ name, path });
    if (other === undefined || path === "" || other.path === "") continue;
    findings.push({
      path: ["spec", "outputs", name, "path"],
      at: "value",
      reason: "PATH_COLLISION",
      message: `outputs ${JSON.stringify(other.name)} and ${JSON.stringify(name)} would hold the same files`,
      mend: "give each output a place of its own, not differing only in case",
    });
  }
  return findings;
}

function findEnvironment(environment: Fields): Finding[] {
  return Object.entries(environment).flatMap(([name, value]): Finding[] => {
    const path = ["spec", "environment", name];
    if (!isVariableName(name)) {
      const message = `${JSON.stringify(name)} is not the name of a variable`;
      return [{ path, at: "key", reason: "INVALID_NAME", message, mend: "use letters, digits and underscores" }];
    }
    if (isReservedVariable(name)) {
      const message = `${name} is set by the sandbox, or changes which programs run`;
      return [{ path, at: "key", reason: "RESERVED_VARIABLE", message, mend: "remove it" }];
    }
    if (typeof value !== "string") return [];
    if (value.includes("\0")) {
      return [{ path, at: "value", reason: "INVALID_VALUE", message: "the value contains NUL", mend: "remove it" }];
    }
    if (!isSecretName(name) || value === "" || secretKind(value) !== undefined) return [];
    const message = `${name} names a credential, and the values of credentials never enter a manifest or a sandbox`;
    return [{ path, at: "value", reason: "SECRET_VALUE", message, mend: "remove it; the harness keeps credentials" }];
  });
}

function findParallel(spec: Fields): Finding[] {
  const inputs = Object.keys(fieldsOf(spec["inputs"]));
  const parallel = fieldsOf(spec["compute"])["parallel"];
  const path = ["spec", "compute", "parallel"];
  const join = fieldsOf(spec["agent"])["join"];
  if (parallel === undefined) {
    if (join === undefined) return [];
    const message = "join needs tasks to join, and there is only one";
    return [
      {
        path: ["spec", "agent", "join"],
        at: "key",
        reason: "CONFLICT",
        message,
        mend: "add compute.parallel, or drop join",
      },
    ];
  }
  if (typeof parallel === "number" || typeof parallel === "string") {
    if (inputs.length === 1) return [];
    const message = `a number alone fans out over the only input, and there are ${inputs.length}`;
    return [{ path, at: "value", reason: "CONFLICT", message, mend: "write { over: <input>, max: <number> }" }];
  }
  const over = fieldsOf(parallel)["over"];
  if (typeof over !== "string" || inputs.includes(over)) return [];
  const near = nearest(over, inputs);
  const mend =
    near === undefined ? `name one of the inputs: ${inputs.join(", ") || "there are none"}` : `write ${near}`;
  return [
    {
      path: [...path, "over"],
      at: "value",
      reason: "UNKNOWN_REFERENCE",
      message: `there is no input ${JSON.stringify(over)}`,
      mend,
    },
  ];
}

function findSecrets(value: unknown, path: readonly PropertyKey[]): Finding[] {
  if (typeof value === "string") {
    const kind = secretKind(value);
    if (kind === undefined) return [];
    const message = `the value looks like ${kind}; a secret's value must not stand in a manifest`;
    return [{ path, at: "value", reason: "SECRET_VALUE", message, mend: "remove it, and revoke it if it is real" }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  return Object.entries(fieldsOf(value)).flatMap(([name, item]) => findSecrets(item, [...path, name]));
}
