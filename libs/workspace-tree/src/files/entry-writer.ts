import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  writeSync,
} from "node:fs";
import { bytesOfText, nameOf, parentOf, type TreePath } from "../tree/path.ts";
import { chunksOf, type DirectoryEntry, type FileEntry, type HardlinkEntry, type SymlinkEntry } from "../tree/tree.ts";
import type { Placement } from "./chunk-plan.ts";
import type { DirectoryHandle } from "./directory-handle.ts";
import { FolderCache } from "./folder-cache.ts";

export interface Ownership {
  readonly uid?: number;
  readonly gid?: number;
  readonly readOnly?: boolean;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/** Makes single entries below a root. A file gets its mode, owner and time with its last chunk, a directory when all in it is done. */
export class EntryWriter implements Disposable {
  readonly #folders: FolderCache;
  readonly #uid: number | undefined;
  readonly #gid: number;
  readonly #mask: number;
  /** Chunks still to come, of files that have been made and are not whole. */
  readonly #open = new Map<FileEntry, number>();

  constructor(root: DirectoryHandle, { uid, gid, readOnly }: Ownership) {
    this.#folders = new FolderCache(root);
    this.#uid = uid;
    this.#gid = gid ?? uid ?? 0;
    // A set-user-id file of a tree from outside must not become root's.
    this.#mask = (uid === undefined || uid === 0 ? 0o1777 : 0o7777) & (readOnly === true ? ~0o222 : ~0);
  }

  makeDirectory(entry: DirectoryEntry): void {
    this.#folder(entry.path).mkdir(nameBytes(entry.path), 0o700);
  }

  finishDirectory(entry: DirectoryEntry): void {
    using directory = this.#folder(entry.path).openDirectory(nameBytes(entry.path));
    this.#finish(directory.fd, entry);
  }

  makeSymlink(entry: SymlinkEntry): void {
    const folder = this.#folder(entry.path);
    const name = nameBytes(entry.path);
    folder.symlink(bytesOfText(entry.target), name);
    if (this.#uid !== undefined) lchownSync(folder.pathOf(name), this.#uid, this.#gid);
    const seconds = secondsOf(entry.mtimeUs);
    lutimesSync(folder.pathOf(name), seconds, seconds);
  }

  makeHardlink(entry: HardlinkEntry): void {
    const from = this.#folder(entry.target);
    this.#folder(entry.path).link(from, nameBytes(entry.target), nameBytes(entry.path));
  }

  makeEmptyFile(entry: FileEntry): void {
    this.#withFile(entry, CREATE, (fd) => this.#finish(fd, entry));
  }

  writeChunk({ file, offset }: Placement, bytes: Uint8Array): void {
    const left = this.#open.get(file);
    const remaining = (left ?? chunksOf(file).length) - 1;
    this.#withFile(file, left === undefined ? CREATE : constants.O_WRONLY, (fd) => {
      if (left === undefined && remaining > 0) ftruncateSync(fd, file.sizeBytes);
      if (remaining === 0 && left === undefined) writeAll(fd, bytes, 0);
      else if (!isZero(bytes)) writeAll(fd, bytes, offset);
      if (remaining === 0) this.#finish(fd, file);
    });
    if (remaining === 0) this.#open.delete(file);
    else this.#open.set(file, remaining);
  }

  statOf(path: TreePath): BigIntStats {
    return this.#folder(path).lstat(nameBytes(path));
  }

  [Symbol.dispose](): void {
    this.#folders[Symbol.dispose]();
  }

  #folder(path: TreePath): DirectoryHandle {
    return this.#folders.get(parentOf(path));
  }

  #withFile(entry: FileEntry, flags: number, use: (fd: number) => void): void {
    const fd = this.#folder(entry.path).openFile(nameBytes(entry.path), flags);
    try {
      use(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Owner first: chown(2) takes set-id bits away. Time last: everything before changes it. */
  #finish(fd: number, { mode, mtimeUs }: FileEntry | DirectoryEntry): void {
    if (this.#uid !== undefined) fchownSync(fd, this.#uid, this.#gid);
    fchmodSync(fd, mode & this.#mask);
    const seconds = secondsOf(mtimeUs);
    futimesSync(fd, seconds, seconds);
  }
}

const nameBytes = (path: TreePath): Buffer => bytesOfText(nameOf(path));

/** Half a microsecond more, so that rounding down to one on the way to the kernel gives exactly this one. */
const secondsOf = (mtimeUs: number): number => (mtimeUs + 0.5) / 1e6;

const zeros = Buffer.alloc(1 << 18);
const isZero = (bytes: Uint8Array): boolean =>
  bytes.length <= zeros.length && zeros.subarray(0, bytes.length).equals(bytes);

function writeAll(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}
