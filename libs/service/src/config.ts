import { readFileSync } from "node:fs";
import { z } from "zod";
import { StartupError } from "./startup-error.ts";

/** Environment as `process.env` has it. An empty variable counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong with the environment. */
export interface ConfigProblem {
  /** Name of the environment variable. */
  readonly variable: string;
  readonly message: string;
}

const FILE_SUFFIX = "_FILE";

/**
 * Reads configuration from the environment. The keys of `schema` are the names of the variables, so that what is written
 * in a deployment can be found in the code. For every key `K` the variable `K_FILE` may name a file that holds the value
 * instead (one trailing newline is dropped): that is how secrets are passed. Describe each field (`.describe("…")`): the
 * description tells an operator what to set.
 *
 * @throws {StartupError} `CONFIG_INVALID`, which lists every problem at once by variable; values are never repeated.
 */
export function loadConfig<S extends z.ZodObject>(schema: S, env: Environment): z.output<S> {
  const problems: ConfigProblem[] = [];
  const values: Record<string, string> = {};
  for (const variable of Object.keys(schema.shape)) {
    const value = valueOf(variable, schema, env, problems);
    if (value !== undefined) values[variable] = value;
  }
  const failed = new Set(problems.map((p) => p.variable));
  const parsed = schema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0] ?? "environment");
    if (failed.has(variable)) continue;
    problems.push({ variable, message: values[variable] === undefined ? "is not set" : `is wrong: ${issue.message}` });
  }
  if (problems.length === 0 && parsed.success) return parsed.data;
  throw new StartupError({
    code: "CONFIG_INVALID",
    message: `configuration is not usable:\n${problems.map((p) => `  ${p.variable} ${p.message}${meaning(schema, p)}`).join("\n")}`,
    mend: "set these environment variables; a value that is a secret can be put in a file named by the variable with _FILE appended",
  });
}

function valueOf(
  variable: string,
  schema: z.ZodObject,
  env: Environment,
  problems: ConfigProblem[],
): string | undefined {
  const direct = env[variable] || undefined;
  const fileVariable = `${variable}${FILE_SUFFIX}`;
  const file = fileVariable in schema.shape ? undefined : env[fileVariable] || undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) {
    problems.push({ variable, message: `is set, and ${fileVariable} too: only one may be` });
    return undefined;
  }
  try {
    const text = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    if (text !== "") return text;
    problems.push({ variable, message: `is to be read from ${file} (${fileVariable}), which is empty` });
  } catch (error) {
    const reason = typeof error === "object" && error !== null && "code" in error ? error.code : "an unknown error";
    problems.push({
      variable,
      message: `is to be read from ${file} (${fileVariable}), which fails with ${String(reason)}`,
    });
  }
  return undefined;
}

function meaning(schema: z.ZodObject, problem: ConfigProblem): string {
  const field: unknown = schema.shape[problem.variable];
  const description = field instanceof z.ZodType ? field.description : undefined;
  return description === undefined ? "" : ` (${description})`;
}
