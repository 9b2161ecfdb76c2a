import { createHash, randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../digest.ts";
import { aborted, errnoOf } from "./io-error.ts";

/** The folder below a store's root where objects are written before they get their name; no key may start with it. */
export const STAGING = ".cofferdam-staging";

/** A leftover this old belongs to a process that died: a living writer keeps touching its file. */
export const STALE_MS = 3_600_000;

export interface Staged {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Digest;
}

/** Writes bodies to synced, nameless files, ready to be linked or renamed to their place. */
export class Staging {
  readonly #folder: string;
  readonly #keep: boolean;
  readonly #makeRoot: () => Promise<void>;
  #open = 0;

  /**
   * @param keep Whether the empty folder stays.
   * @param makeRoot Makes the root again when it turns out to be gone.
   */
  constructor(root: string, keep: boolean, makeRoot: () => Promise<void>) {
    this.#keep = keep;
    this.#makeRoot = makeRoot;
    this.#folder = join(root, STAGING);
  }

  get folder(): string {
    return this.#folder;
  }

  /** Calls `use` with the staged file; whatever happens, the file is gone from the staging folder afterwards. */
  async with<T>(
    body: Uint8Array | AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
    use: (staged: Staged) => Promise<T>,
  ): Promise<T> {
    this.#open++;
    const path = join(this.#folder, `${process.pid}-${randomBytes(12).toString("hex")}`);
    try {
      return await use(await this.#write(path, body, signal));
    } finally {
      await rm(path, { force: true });
      this.#open--;
      if (this.#open === 0) await this.#tidy();
    }
  }

  async #write(path: string, body: Uint8Array | AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Staged> {
    const handle = await this.#create(path);
    try {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      for await (const part of body instanceof Uint8Array ? [body] : body) {
        if (signal?.aborted) throw aborted("writing an object", signal.reason);
        hash.update(part);
        await handle.writeFile(part);
        sizeBytes += part.byteLength;
      }
      if (signal?.aborted) throw aborted("writing an object", signal.reason);
      await handle.sync();
      return { path, sizeBytes, sha256: `sha256:${hash.digest("hex")}` as Digest };
    } finally {
      await handle.close();
    }
  }

  /** Another store on the same root may remove the empty folder between our mkdir and open. */
  async #create(path: string) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await open(path, "wx", 0o666);
      } catch (error) {
        if (errnoOf(error) !== "ENOENT" || attempt > 100) throw error;
        await this.#make();
      }
    }
  }

  async #make(): Promise<void> {
    try {
      await makeFolder(this.#folder);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      await this.#makeRoot();
      await makeFolder(this.#folder);
    }
  }

  /** A folder that people look at keeps no trace of us. */
  async #tidy(): Promise<void> {
    if (this.#keep) return;
    try {
      await rmdir(this.#folder);
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes(errnoOf(error))) throw error;
    }
  }

  /** Removes what processes that died left behind. */
  async sweep(nowMs: number, staleMs = STALE_MS): Promise<number> {
    let swept = 0;
    for (const name of await namesIn(this.#folder)) {
      if (!/^\d+-[0-9a-f]{24}$/.test(name)) continue;
      const path = join(this.#folder, name);
      if (nowMs - (await modifiedMs(path, nowMs)) < staleMs) continue;
      await rm(path, { force: true });
      swept++;
    }
    if (swept > 0 && this.#open === 0) await this.#tidy();
    return swept;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

async function modifiedMs(path: string, ifGone: number): Promise<number> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return ifGone;
    throw error;
  }
}
