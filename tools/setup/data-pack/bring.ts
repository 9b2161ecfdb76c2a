import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Checkout } from "../../../libs/host-probe/src/checkout.ts";
import {
  SOURCES,
  stampFile,
  type DataStamp,
  type ExampleData,
} from "../../../libs/host-probe/src/requirements/example-data.ts";
import { parseDataSources } from "./parse.ts";
import { placeOptional, placePackaged, type PlacedFile } from "./place.ts";

/** Brings an example's input, and says how much. */
export async function bringData(
  checkout: Checkout,
  example: ExampleData,
  onRetry: (attempt: number, of: number) => void,
): Promise<{ detail: string }> {
  const file = join(example.dir, SOURCES);
  const sources = readFileSync(file, "utf8");
  const files: PlacedFile[] = [];
  const absent: string[] = [];
  for (const source of parseDataSources(sources, file)) {
    const placed =
      "optionalPath" in source
        ? await placeOptional(checkout, example.dir, source)
        : await placePackaged(checkout, example.dir, source, onRetry);
    files.push(...placed);
    if ("optionalPath" in source && placed.length === 0) absent.push(source.optionalPath);
  }
  const stamp = stampFile(checkout, example);
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, JSON.stringify({ sources, absent, files } satisfies DataStamp));
  const sizeBytes = files.reduce((sum, one) => sum + one.sizeBytes, 0);
  return { detail: `${files.length} files, ${(sizeBytes / 1e6).toFixed(1)} MB` };
}
