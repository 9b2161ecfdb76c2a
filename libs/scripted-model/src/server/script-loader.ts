import { realpathSync, statSync } from "node:fs";
import { registerHooks } from "node:module";
import { isAbsolute, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import type { Program } from "../program/conversation.ts";

export const SCRIPT_PREFIX = "scripted:";

interface Loaded {
  readonly program: Program;
  readonly version: string;
  /** Files that the program consists of, with what they were like when read. */
  readonly files: Map<string, string>;
}

const VERSION_KEY = "scripted-model-version";
/** Files imported under a version; filled by the resolve hook. */
const importedUnder = new Map<string, Set<string>>();
let versions = 0;
let hooked = false;

/**
 * Loads programs from below given roots, and loads them again when one of their files has changed. A program's own
 * relative imports are followed by a resolve hook, which passes the version on; packages are loaded once.
 */
export class ScriptLoader {
  readonly #roots: readonly string[];
  readonly #loaded = new Map<string, Promise<Loaded>>();

  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => realpathSync(root));
  }

  /** @throws ScriptedModelError `script_outside_roots` or `script_not_loadable` */
  async load(path: string): Promise<Program> {
    const file = this.#resolve(path);
    const known = await this.#loaded.get(file);
    if (known !== undefined && unchanged(known.files)) return known.program;
    const loading = importProgram(file);
    this.#loaded.set(file, loading);
    try {
      return (await loading).program;
    } catch (cause) {
      this.#loaded.delete(file);
      throw cause;
    }
  }

  /** Links are resolved first: what counts is where the file really lies. */
  #resolve(path: string): string {
    if (!isAbsolute(path) || !/\.(?:mjs|js|ts)$/.test(path)) {
      throw refused("script_not_loadable", path, "it must be the absolute path of a .mjs, .js or .ts file");
    }
    let file: string;
    try {
      file = realpathSync(path);
    } catch (cause) {
      throw refused("script_not_loadable", path, "there is no such file", cause);
    }
    if (!this.#roots.some((root) => below(root, file))) {
      throw refused("script_outside_roots", path, "it lies below none of the roots given at start (--root)");
    }
    return file;
  }
}

function below(root: string, file: string): boolean {
  const way = relative(root, file);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function importProgram(file: string): Promise<Loaded> {
  followImports();
  const version = `${process.pid}.${++versions}`;
  const imported = new Set<string>([file]);
  importedUnder.set(version, imported);
  const before = new Map([...imported].map((name) => [name, fingerprint(name)]));
  let module: unknown;
  try {
    module = await import(`${pathToFileURL(file).href}?${VERSION_KEY}=${version}`);
  } catch (cause) {
    throw refused("script_not_loadable", file, reasonOf(cause), cause);
  }
  importedUnder.delete(version);
  const program: unknown = (module as { readonly default?: unknown }).default;
  if (typeof program !== "function") {
    throw refused("script_not_loadable", file, "its default export is not a function (conversation) => answer");
  }
  const files = new Map([...imported].map((name) => [name, before.get(name) ?? fingerprint(name)]));
  return { program: program as Program, version, files };
}

/** Once per process. Jest has a module loader of its own and no hooks: there only a program's first file is watched. */
function followImports(): void {
  if (hooked || "jest" in import.meta) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const version = specifier.startsWith(".") ? versionOf(context.parentURL) : null;
      if (version === null || !resolved.url.startsWith("file:")) return resolved;
      importedUnder.get(version)?.add(fileURLToPath(resolved.url));
      return { ...resolved, url: `${resolved.url}?${VERSION_KEY}=${version}` };
    },
  });
}

const versionOf = (url: string | undefined): string | null =>
  url === undefined || !url.startsWith("file:") ? null : new URL(url).searchParams.get(VERSION_KEY);

function fingerprint(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? "missing" : `${stats.mtimeNs}.${stats.size}.${stats.ino}`;
}

const unchanged = (files: ReadonlyMap<string, string>): boolean =>
  [...files].every(([file, print]) => fingerprint(file) === print);

const refused = (
  code: "script_outside_roots" | "script_not_loadable",
  path: string,
  why: string,
  cause?: unknown,
): ScriptedModelError =>
  new ScriptedModelError({ code, message: `Cannot load the program ${path}: ${why}.`, param: "model", cause });
