import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import type { Checkout } from "../checkout.ts";

export const SOURCES = "data.json";

/** An example of this checkout whose input is fetched. */
export interface ExampleData {
  readonly name: string;
  readonly dir: string;
}

/** Every example with a `data.json`. */
export function examplesWithData(checkout: Checkout): ExampleData[] {
  const examples = join(checkout.root, "examples");
  if (!existsSync(examples)) return [];
  return readdirSync(examples)
    .map((name) => ({ name, dir: join(examples, name) }))
    .filter(({ dir }) => existsSync(join(dir, SOURCES)));
}

/** The examples that hold one of these files. A `data.json` elsewhere is somebody's own and means nothing here. */
export function examplesOf(checkout: Checkout, paths: readonly string[]): ExampleData[] {
  const dirs = new Set(paths.filter((path) => existsSync(path)).map((path) => dirname(realpathSync(path)) + sep));
  return examplesWithData(checkout).filter(({ dir }) =>
    [...dirs].some((one) => one.startsWith(realpathSync(dir) + sep)),
  );
}

/** Whether the files that were put in place for this very `data.json` are all there. */
export function dataReady(checkout: Checkout, example: ExampleData): boolean {
  const stamp = stampFile(checkout, example);
  if (!existsSync(stamp)) return false;
  const { sources, absent, files }: DataStamp = JSON.parse(readFileSync(stamp, "utf8"));
  return (
    sources === readFileSync(join(example.dir, SOURCES), "utf8") &&
    !absent.some((path) => existsSync(join(checkout.root, path))) &&
    files.every(
      ({ path, sizeBytes }) => statSync(join(example.dir, path), { throwIfNoEntry: false })?.size === sizeBytes,
    )
  );
}

/** What was put in place, and for which `data.json`. */
export interface DataStamp {
  readonly sources: string;
  /** Optional paths that were not there; when one appears, the input is brought anew. */
  readonly absent: readonly string[];
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/** In the checkout even if the cache is shared: it speaks of this checkout's files. */
export const stampFile = (checkout: Checkout, example: ExampleData): string =>
  join(checkout.root, ".cofferdam/data", `${basename(example.dir)}.json`);
