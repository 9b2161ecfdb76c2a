import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { StorageError } from "./errors.ts";
import { fileStore } from "./file/file-store.ts";
import type { ObjectStore } from "./object-store.ts";

/**
 * Opens the store that a manifest's location names. Relative `file:` locations (`file:./results/`, `file:results`) start at `baseDir`.
 *
 * @throws StorageError UNSUPPORTED for schemes that this version does not serve.
 */
export function openLocation(location: string, baseDir: string): ObjectStore {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(location)?.[1]?.toLowerCase();
  if (scheme !== "file") {
    throw new StorageError({
      code: "UNSUPPORTED",
      message: `location ${JSON.stringify(location)} ${scheme === undefined ? "has no scheme" : `has scheme ${scheme}:`}`,
      mend: "use a file: location",
    });
  }
  return fileStore(locationPath(location, baseDir));
}

function locationPath(location: string, baseDir: string): string {
  const rest = location.slice("file:".length);
  if (rest.startsWith("//")) return urlPath(location);
  if (rest === "" || rest.includes("\0")) throw notAPath(location);
  return resolve(baseDir, rest);
}

function urlPath(location: string): string {
  try {
    return fileURLToPath(location);
  } catch (cause) {
    throw notAPath(location, cause);
  }
}

const notAPath = (location: string, cause?: unknown) =>
  new StorageError({
    code: "UNSUPPORTED",
    message: `location ${JSON.stringify(location)} names no path of this machine`,
    mend: "write file:./relative/path or file:///absolute/path",
    cause,
  });
