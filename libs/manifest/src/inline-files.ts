import { readFile, realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { compileDocumentCheck } from "./document-schema.ts";
import { systemCode } from "./file-error.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";
import { isWithin } from "./relative-path.ts";
import { MAX_INSTRUCTIONS, type TextSource } from "./schema/agent.ts";
import type { Manifest } from "./schema/manifest.ts";

export type InlineResult =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Replaces the files that a manifest names beside itself (instructions, join, schemas) by what they hold, so that the
 * manifest alone says what the run is to do and its digest covers all of it. The script is not read here, it only must
 * exist. Files are never read through links that leave `baseDir`.
 *
 * @param baseDir Absolute folder of the manifest.
 */
export async function inlineFiles(manifest: Manifest, baseDir: string): Promise<InlineResult> {
  const reader = new SiblingReader(baseDir);
  const { agent, outputs } = manifest.spec;
  const instructions = await reader.text(agent.instructions, ["spec", "agent", "instructions"]);
  const join = agent.join === undefined ? undefined : await reader.text(agent.join, ["spec", "agent", "join"]);
  if (agent.script !== undefined) await reader.read(agent.script, ["spec", "agent", "script"]);
  const inlined: typeof outputs = {};
  for (const [name, output] of Object.entries(outputs)) {
    const { schema } = output.expect;
    if (schema === undefined) inlined[name] = output;
    else {
      const value = await reader.schema(schema, ["spec", "outputs", name, "expect", "schema"]);
      inlined[name] = { ...output, expect: { ...output.expect, schema: value } };
    }
  }
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  const inlinedAgent = { ...agent, instructions, ...(join === undefined ? {} : { join }) };
  return { ok: true, manifest: { ...manifest, spec: { ...manifest.spec, agent: inlinedAgent, outputs: inlined } } };
}

class SiblingReader {
  readonly problems: Problem[] = [];
  readonly #baseDir: string;

  constructor(baseDir: string) {
    this.#baseDir = baseDir;
  }

  async text(source: TextSource, field: readonly string[]): Promise<TextSource> {
    if ("text" in source) return source;
    const text = await this.read(source.path, field);
    if (text?.trim() === "") this.#report("FILE_INVALID", field, `${source.path} is empty`, "write instructions");
    return { text: text ?? "" };
  }

  async schema(schema: string | Record<string, unknown>, field: readonly string[]): Promise<Record<string, unknown>> {
    const value = typeof schema === "string" ? await this.#json(schema, field) : schema;
    try {
      if (value !== undefined) compileDocumentCheck(value);
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      this.#report("FILE_INVALID", field, `the JSON Schema cannot be used: ${why}`, "correct the schema");
    }
    return value ?? {};
  }

  /** Text of a file below the base folder; undefined, with a problem, where it cannot be had. */
  async read(path: string, field: readonly string[]): Promise<string | undefined> {
    try {
      const base = await realpath(this.#baseDir);
      const file = await realpath(resolve(base, path));
      if (!isWithin(file, base)) {
        return this.#report("PATH_ESCAPES", field, `${path} is a link out of the manifest's folder`, "copy the file");
      }
      const { size } = await stat(file);
      if (size > MAX_INSTRUCTIONS) {
        const message = `${path} has ${size} bytes, and the limit is ${MAX_INSTRUCTIONS}`;
        return this.#report("TOO_LARGE", field, message, "shorten it, or make it an input");
      }
      return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
    } catch (error) {
      const code = systemCode(error);
      if (code === undefined) throw error;
      if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") {
        return this.#report("FILE_INVALID", field, `${path} is not UTF-8`, "convert it");
      }
      const why = code === "ENOENT" ? "does not exist" : `cannot be read: ${code}`;
      return this.#report(
        "FILE_MISSING",
        field,
        `${path} ${why}`,
        "create it beside the manifest, or correct the path",
      );
    }
  }

  async #json(path: string, field: readonly string[]): Promise<Record<string, unknown> | undefined> {
    const text = await this.read(path, field);
    if (text === undefined) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
      return this.#report("FILE_INVALID", field, `${path} is no JSON object`, "write a JSON Schema");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#report("FILE_INVALID", field, `${path} is not JSON: ${error.message}`, "correct it");
    }
  }

  #report(reason: ProblemReason, field: readonly string[], message: string, mend: string): undefined {
    this.problems.push({ path: dottedPath(field), line: 0, column: 0, reason, message, mend });
    return undefined;
  }
}
