import { constants, type BigIntStats } from "node:fs";
import { type FileHandle, link, lstat, open, realpath, rename, rm, utimes } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { StorageError } from "../errors.ts";
import { parseKey } from "../key.ts";
import type {
  ByteRange,
  GetOptions,
  ListOptions,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "../object-store.ts";
import { DurableDirectories, syncDirectory } from "./durable-directories.ts";
import { aborted, errnoOf, storageError } from "./io-error.ts";
import { ReplaceLock } from "./replace-lock.ts";
import { STAGING, STALE_MS, type Staged, Staging } from "./staging.ts";
import { walk } from "./walk.ts";

const READ_BLOCK_BYTES = 256 * 1024;

export interface FileStoreOptions {
  /** Age in milliseconds from which leftovers of writers that died are removed when the store is first used. */
  readonly staleMs?: number;
  /**
   * Leaves the empty staging folder where it is. For a folder that only programs look at: making and removing it costs each
   * put three calls to the file system.
   */
  readonly keepStaging?: boolean;
}

/**
 * Objects as plain files below `root`, under their own names, so that people can read them. `root` is made when first written to.
 *
 * Two limits of folders that buckets do not have: a segment holds at most 255 bytes, and where `a` is an object `a/b` cannot be one
 * (INVALID_KEY). Symbolic links are no objects and are never followed out of the root.
 */
export function fileStore(root: string, options: FileStoreOptions = {}): ObjectStore {
  return new FileStore(resolve(root), options);
}

class FileStore implements ObjectStore {
  readonly location: string;
  readonly #root: string;
  readonly #directories: DurableDirectories;
  readonly #staging: Staging;
  readonly #lock: ReplaceLock;
  readonly #staleMs: number;
  #swept: Promise<unknown> | undefined;

  constructor(root: string, { staleMs = STALE_MS, keepStaging = false }: FileStoreOptions) {
    this.location = pathToFileURL(root).href;
    this.#root = root;
    this.#directories = new DurableDirectories(root);
    this.#staging = new Staging(root, keepStaging, () => {
      this.#directories.forget();
      return this.#directories.ensure(root);
    });
    this.#lock = new ReplaceLock(this.#staging.folder);
    this.#staleMs = staleMs;
  }

  async get(key: string, options: GetOptions = {}): Promise<ObjectContent> {
    const doing = `get ${key} at ${this.location}`;
    const path = this.#path(key);
    const handle = await this.#attempt(doing, async () => {
      if (options.signal?.aborted) throw aborted(doing, options.signal.reason);
      await this.#staysInside(dirname(path), key);
      return open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    });
    try {
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw new StorageError({ code: "NOT_FOUND", message: `${doing}: not a file` });
      const info = infoOf(key, stats);
      return { info, body: readBlocks(handle, boundsOf(options.range, info.sizeBytes, doing), doing, options.signal) };
    } catch (error) {
      await handle.close();
      throw storageError(error, doing);
    }
  }

  async read(key: string, options: GetOptions = {}): Promise<Uint8Array> {
    const { body } = await this.get(key, options);
    const parts: Uint8Array[] = [];
    for await (const part of body) parts.push(part);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions = {}): Promise<ObjectInfo> {
    const doing = `put ${key} at ${this.location}`;
    const path = this.#path(key);
    return this.#attempt(doing, async () => {
      await this.#sweepOnce();
      await this.#directories.ensure(this.#root);
      // The folder is made durable while the body is written: two syncs at once cost little more than one.
      const folder = this.#makeFolder(path, key);
      folder.catch(() => undefined);
      return this.#staging.with(body, options.signal, async (staged) => {
        await folder;
        const place = () =>
          options.ifAbsent ? this.#create(staged, path, doing) : this.#replace(staged, path, options, doing);
        await this.#placed(path, key, place);
        const stats = await lstat(path, { bigint: true });
        return { ...infoOf(key, stats), sizeBytes: staged.sizeBytes, checksums: { sha256: staged.sha256 } };
      });
    });
  }

  async head(key: string, options: { readonly signal?: AbortSignal } = {}): Promise<ObjectInfo | undefined> {
    const doing = `head ${key} at ${this.location}`;
    const path = this.#path(key);
    try {
      if (options.signal?.aborted) throw aborted(doing, options.signal.reason);
      await this.#staysInside(dirname(path), key);
      const stats = await lstat(path, { bigint: true });
      return stats.isFile() ? infoOf(key, stats) : undefined;
    } catch (error) {
      const known = storageError(error, doing);
      if (known.code === "NOT_FOUND") return undefined;
      throw known;
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const doing = `list ${prefix} at ${this.location}`;
    if (prefix !== "") parseKey(`${prefix}x`);
    try {
      for await (const key of walk(this.#root, prefix, options.startAfter ?? "")) {
        if (options.signal?.aborted) throw aborted(doing, options.signal.reason);
        const info = await this.head(key);
        if (info !== undefined) yield info;
      }
    } catch (error) {
      throw storageError(error, doing);
    }
  }

  async delete(key: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const doing = `delete ${key} at ${this.location}`;
    const path = this.#path(key);
    if ((await this.head(key, options)) === undefined) return;
    await this.#attempt(doing, () =>
      this.#lock.run(options.signal, async () => {
        await rm(path, { force: true });
        await syncDirectory(dirname(path));
      }),
    );
  }

  /** Somebody may have removed the folder since this process saw it: then it is made again. */
  async #placed(path: string, key: string, place: () => Promise<void>): Promise<void> {
    try {
      await place();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      this.#directories.forget();
      await this.#makeFolder(path, key);
      await place();
    }
  }

  /** link(2) gives the name to exactly one of many, whatever process they are in. */
  async #create(staged: Staged, path: string, doing: string): Promise<void> {
    try {
      await link(staged.path, path);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
      if (!(await lstat(path)).isFile()) throw notAnObject(path, error);
      // The winner may have died before its sync: who is told that the object exists may rely on it.
      await syncDirectory(dirname(path));
      throw new StorageError({
        code: "PRECONDITION_FAILED",
        message: `${doing}: there is an object already`,
        cause: error,
      });
    }
    await syncDirectory(dirname(path));
  }

  async #replace(staged: Staged, path: string, options: PutOptions, doing: string): Promise<void> {
    await this.#lock.run(options.signal, async () => {
      const current = await statIfAny(path);
      if (current?.isFile() === false) throw notAnObject(path);
      const etag = current === undefined ? undefined : etagOf(current);
      if (options.ifMatch !== undefined && options.ifMatch !== etag) {
        throw new StorageError({
          code: "PRECONDITION_FAILED",
          message: `${doing}: ${etag === undefined ? "there is no object" : "the object is another version"}`,
          mend: "read it again, then decide again",
        });
      }
      if (current !== undefined) await makeYounger(staged.path, current);
      await rename(staged.path, path);
      await syncDirectory(dirname(path));
    });
  }

  async #makeFolder(path: string, key: string): Promise<void> {
    const folder = dirname(path);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#directories.ensure(folder);
        return await this.#staysInside(folder, key);
      } catch (error) {
        // Gone since this process made it: make it again.
        this.#directories.forget();
        if (errnoOf(error) !== "ENOENT" || attempt > 1) throw error;
      }
    }
  }

  /** A link below the root must not lead a key out of it. */
  async #staysInside(folder: string, key: string): Promise<void> {
    if (folder === this.#root) return;
    const [real, realRoot] = await Promise.all([realpath(folder), realpath(this.#root)]);
    if (real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return;
    throw new StorageError({
      code: "ACCESS_DENIED",
      message: `key ${JSON.stringify(key)} leaves ${this.location} through a symbolic link`,
      mend: "replace the link by a folder",
    });
  }

  #path(key: string): string {
    const path = join(this.#root, parseKey(key));
    if (!key.startsWith(STAGING)) return path;
    throw new StorageError({
      code: "INVALID_KEY",
      message: `key ${JSON.stringify(key)} is reserved`,
      mend: "choose another",
    });
  }

  async #attempt<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storageError(error, doing);
    }
  }

  #sweepOnce(): Promise<unknown> {
    this.#swept ??= this.#staging.sweep(Date.now(), this.#staleMs);
    return this.#swept;
  }
}

const etagOf = (stats: BigIntStats): string =>
  `${stats.ino.toString(16)}-${stats.size.toString(16)}-${stats.mtimeNs.toString(16)}`;

const infoOf = (key: string, stats: BigIntStats): ObjectInfo => ({
  key,
  sizeBytes: Number(stats.size),
  etag: etagOf(stats),
  modifiedAt: new Date(Number(stats.mtimeNs / 1_000_000n)),
  checksums: {},
});

const notAnObject = (path: string, cause?: unknown) =>
  new StorageError({
    code: "INVALID_KEY",
    message: `${path} is a folder or a special file, and cannot be an object`,
    mend: "a folder cannot hold both `a` and `a/b`: rename one",
    cause,
  });

async function statIfAny(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Inode numbers are used again and clocks tick coarsely: a later version always gets a later time, so no etag comes twice. */
async function makeYounger(path: string, than: BigIntStats): Promise<void> {
  const { mtimeNs } = await lstat(path, { bigint: true });
  if (mtimeNs > than.mtimeNs) return;
  const seconds = Number(than.mtimeNs / 1_000_000n + 1n) / 1_000;
  await utimes(path, seconds, seconds);
}

function boundsOf(range: ByteRange | undefined, size: number, doing: string): readonly [number, number] {
  if (range === undefined) return [0, size];
  const end = Math.min(range.end ?? size, size);
  const whole = Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end ?? 0);
  if (whole && range.start >= 0 && range.start < size && end > range.start) return [range.start, end];
  throw new StorageError({
    code: "INVALID_RANGE",
    message: `${doing}: bytes ${range.start} to ${range.end ?? "the end"} of an object of ${size} bytes`,
  });
}

async function* readBlocks(
  handle: FileHandle,
  [start, end]: readonly [number, number],
  doing: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for (let position = start; position < end;) {
      if (signal?.aborted) throw aborted(doing, signal.reason);
      const block = Buffer.allocUnsafeSlow(Math.min(READ_BLOCK_BYTES, end - position));
      const { bytesRead } = await handle.read(block, 0, block.length, position);
      if (bytesRead === 0) {
        throw new StorageError({ code: "CORRUPT", message: `${doing}: it ends at byte ${position} instead of ${end}` });
      }
      position += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  } catch (error) {
    throw storageError(error, doing);
  } finally {
    await handle.close();
  }
}
