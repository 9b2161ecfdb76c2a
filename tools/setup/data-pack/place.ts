import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { Checkout } from "../../../libs/host-probe/src/checkout.ts";
import { checkIntegrity, fetchTarball } from "../npm-tarball.mjs";
import type { OptionalData, PackagedData } from "./parse.ts";
import { selectFiles } from "./select-files.ts";

/** A file put in place, relative to the example. */
export interface PlacedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Fetches the tarball unless the cache has it, and puts the chosen files in place. */
export async function placePackaged(
  checkout: Checkout,
  exampleDir: string,
  source: PackagedData,
  onRetry: (attempt: number, of: number) => void,
): Promise<PlacedFile[]> {
  const files = selectFiles(await cachedTarball(checkout, source, onRetry), source);
  return placeAll(exampleDir, source.into, [...files]);
}

/** Copies the files that are there, folders and all; none is no failure. */
export async function placeOptional(
  checkout: Checkout,
  exampleDir: string,
  source: OptionalData,
): Promise<PlacedFile[]> {
  const from = join(checkout.root, source.optionalPath);
  if (!existsSync(from)) return [];
  if (!(await stat(from)).isDirectory())
    return placeAll(exampleDir, source.into, [[basename(from), await readFile(from)]]);
  const entries = await readdir(from, { withFileTypes: true, recursive: true });
  const paths = entries.filter((one) => one.isFile()).map((one) => relative(from, join(one.parentPath, one.name)));
  const files = await Promise.all(paths.map(async (path) => [path, await readFile(join(from, path))] as const));
  return placeAll(exampleDir, source.into, files);
}

async function cachedTarball(
  checkout: Checkout,
  source: PackagedData,
  onRetry: (attempt: number, of: number) => void,
): Promise<Buffer> {
  const spec = `${source.package}@${source.version}`;
  const dir = join(checkout.cache, "data-packs");
  const file = join(dir, `${spec.replaceAll("/", "+")}.tgz`);
  if (existsSync(file)) {
    const kept = await readFile(file);
    try {
      checkIntegrity(kept, source.integrity, spec);
      return kept;
    } catch {
      // A damaged copy is as good as none: it is fetched again, and checked again.
      await rm(file);
    }
  }
  const bytes = await fetchTarball({
    spec,
    integrity: source.integrity,
    scratchDir: join(checkout.cache, "scratch"),
    onRetry,
  });
  await mkdir(dir, { recursive: true });
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
  return bytes;
}

async function placeAll(
  exampleDir: string,
  into: string,
  files: readonly (readonly [name: string, bytes: Buffer])[],
): Promise<PlacedFile[]> {
  await mkdir(join(exampleDir, into), { recursive: true });
  return Promise.all(
    files.map(async ([name, bytes]) => {
      await mkdir(dirname(join(exampleDir, into, name)), { recursive: true });
      await writeFile(join(exampleDir, into, name), bytes);
      return { path: `${into}/${name}`, sizeBytes: bytes.length };
    }),
  );
}
