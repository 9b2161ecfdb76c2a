import { mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { archivePath, ARCHIVE_WIDTH, joinArchiveLines, splitArchiveLines } from "@cofferdam/evidence";
import { LedgerError } from "../errors.ts";

/**
 * The archive's files, which are appended to in place: rewriting a bundle for each batch would write some megabytes of
 * bodies again for each event. What stands behind the committed end is overwritten.
 */
export class ArchiveFile {
  readonly #folder: string;
  #size: number;
  /** Bytes of the unfinished bundle that are committed. */
  #offset: number;

  private constructor(folder: string, size: number, offset: number) {
    this.#folder = folder;
    this.#size = size;
    this.#offset = offset;
  }

  /** Cuts off whatever was written beyond `size` lines by a commit that did not come to its end. */
  static async open(folder: string, size: number): Promise<ArchiveFile> {
    const bundle = Math.floor(size / ARCHIVE_WIDTH);
    const path = join(folder, archivePath(bundle));
    const lines = splitArchiveLines(await readOrEmpty(path)).lines.slice(0, size % ARCHIVE_WIDTH);
    if (lines.length < size % ARCHIVE_WIDTH) {
      throw new LedgerError(
        "DAMAGED",
        `${archivePath(bundle)} ends before line ${size % ARCHIVE_WIDTH}, where the state record says it ends`,
        "restore the ledger's folder from a copy",
      );
    }
    const offset = joinArchiveLines(lines).length;
    if (offset === 0) await rm(path, { force: true });
    else await truncate(path, offset);
    return new ArchiveFile(folder, size, offset);
  }

  /** Returns when the lines are durable. */
  async append(lines: readonly Uint8Array[]): Promise<void> {
    for (let at = 0; at < lines.length;) {
      const room = ARCHIVE_WIDTH - (this.#size % ARCHIVE_WIDTH);
      const chunk = lines.slice(at, at + room);
      await this.#write(joinArchiveLines(chunk));
      this.#size += chunk.length;
      if (this.#size % ARCHIVE_WIDTH === 0) this.#offset = 0;
      at += chunk.length;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, archivePath(Math.floor(this.#size / ARCHIVE_WIDTH)));
    const fresh = this.#offset === 0;
    if (fresh) await mkdir(dirname(path), { recursive: true });
    const file = await open(path, fresh ? "w" : "r+");
    try {
      for (let at = 0; at < bytes.length;) {
        at += (await file.write(bytes, at, bytes.length - at, this.#offset + at)).bytesWritten;
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    if (fresh) await syncFolders(this.#folder, dirname(path));
    this.#offset += bytes.length;
  }
}

async function readOrEmpty(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT") return Buffer.of();
    throw error;
  }
}

async function truncate(path: string, size: number): Promise<void> {
  if ((await stat(path)).size === size) return;
  const file = await open(path, "r+");
  try {
    await file.truncate(size);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Makes a new name durable: its folder, and those above it that may be new too. */
async function syncFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at.length >= root.length; at = dirname(at)) {
    const handle = await open(at, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
