import { readFileSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { parseManifest } from "@cofferdam/manifest";
import { CofferdamError } from "@cofferdam/client";
import { ExitCode } from "@cofferdam/service/exit-code";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import { ManifestError } from "./manifest-error.ts";
import type { ManifestProblem } from "./render/problems.ts";

/** A manifest file that was read and is well-formed in itself. */
export interface ManifestFile {
  /** As it is shown: relative to the working directory where that is shorter. */
  readonly shown: string;
  readonly text: string;
  /** Folder that its relative locations start from. */
  readonly folder: string;
}

/**
 * Reads and checks a manifest before anything is started, so that a mistake costs nothing.
 *
 * @throws {CliError} MANIFEST_UNREADABLE
 * @throws {ManifestError}
 */
export function readManifestFile(path: string): ManifestFile {
  const full = resolve(path);
  const nearby = relative(process.cwd(), full);
  const shown = nearby.length < full.length && nearby !== "" ? nearby : full;
  const text = readText(full, shown);
  const parsed = parseManifest(text, { path: shown });
  if (!parsed.ok) throw new ManifestError(shown, text, parsed.problems);
  return { shown, text, folder: dirname(full) };
}

function readText(full: string, shown: string): string {
  try {
    if (statSync(full).isDirectory())
      throw unreadable(shown, "it is a folder", `name the file in it, e.g. ${shown}/manifest.yaml`);
    return readFileSync(full, "utf8");
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
    const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw unreadable(shown, why, "give the path of a manifest file", error);
  }
}

const unreadable = (shown: string, why: string, mend: string, cause?: unknown): CliError =>
  new CliError({ code: "MANIFEST_UNREADABLE", message: `${shown}: ${why}`, mend, exitCode: ExitCode.USAGE, cause });

const problemsSchema: z.ZodType<readonly ManifestProblem[]> = z.array(
  z.object({
    path: z.string(),
    line: z.number(),
    column: z.number(),
    reason: z.string(),
    message: z.string(),
    mend: z.string(),
  }),
);

/** What the gateway found wrong with the manifest or its inputs, if that is what the error says; else the error itself. */
export function manifestErrorFrom(error: unknown, { shown, text }: ManifestFile): unknown {
  if (!(error instanceof CofferdamError) || error.reason !== "MANIFEST_INVALID") return error;
  const problems = parseProblems(error.metadata["problems"]);
  return problems === undefined ? error : new ManifestError(shown, text, problems);
}

function parseProblems(text: string | undefined): readonly ManifestProblem[] | undefined {
  if (text === undefined) return undefined;
  try {
    return problemsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // An older gateway: its message says it in words.
    return undefined;
  }
}
