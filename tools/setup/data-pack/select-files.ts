import { basename, matchesGlob } from "node:path";
import { SetupError } from "../setup-error.ts";
import { readTarball } from "../npm-tarball.mjs";
import type { PackagedData } from "./parse.ts";

/** npm puts every file of a package below one folder, mostly `package/`. */
const withoutTop = (path: string): string => path.slice(path.indexOf("/") + 1);

/**
 * The chosen files of a tarball by base name. Only base names reach the file system, so no member's path can lead
 * anywhere. Throws DATA_PACK_INVALID if a glob chooses nothing or two files have one base name.
 */
export function selectFiles(tarball: Uint8Array, source: PackagedData): Map<string, Buffer> {
  const unused = new Set(source.files);
  const chosen = new Map<string, Buffer>();
  for (const [member, bytes] of readTarball(tarball)) {
    const path = withoutTop(member);
    const globs = source.files.filter((glob) => matchesGlob(path, glob));
    if (globs.length === 0) continue;
    for (const glob of globs) unused.delete(glob);
    const name = basename(path);
    if (name === ".." || name === "." || name.includes("\\") || name.includes("\0"))
      throw invalid(source, `${member} has no usable name`);
    if (chosen.has(name)) throw invalid(source, `two chosen files are called ${name}`);
    chosen.set(name, Buffer.from(bytes));
  }
  if (unused.size > 0) throw invalid(source, `no file matches ${[...unused].join(", ")}`);
  return chosen;
}

const invalid = (source: PackagedData, problem: string): SetupError =>
  new SetupError(
    "DATA_PACK_INVALID",
    `taking files from ${source.package}@${source.version}: ${problem}`,
    "correct the example's data.json",
  );
