import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Known {
  readonly mtimeMs: number;
  readonly sizeBytes: number;
  readonly version: string;
}

/** Versions that programs said when they were asked: asking again at each start costs more than starting. */
export class KnownVersions {
  readonly #dir: string;
  readonly #known: Map<string, Known>;

  constructor(cache: string) {
    this.#dir = cache;
    this.#known = new Map(Object.entries(read(join(cache, "versions.json"))));
  }

  /** The version of `path` if that file has not changed since it was asked. */
  of(path: string): string | undefined {
    const known = this.#known.get(path);
    const now = known && statSync(path, { throwIfNoEntry: false });
    return now && known.mtimeMs === now.mtimeMs && known.sizeBytes === now.size ? known.version : undefined;
  }

  remember(path: string, version: string): void {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now === undefined) return;
    this.#known.set(path, { mtimeMs: now.mtimeMs, sizeBytes: now.size, version });
    try {
      mkdirSync(this.#dir, { recursive: true });
      writeFileSync(join(this.#dir, "versions.json"), JSON.stringify(Object.fromEntries(this.#known)));
    } catch {
      // A cache that cannot be written makes the next start slower and nothing else.
    }
  }
}

function read(file: string): Record<string, Known> {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // None yet, or cut off by a kill: the programs are asked again.
    return {};
  }
}
