import {
  type BigIntStats,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import { TreeError } from "../errors.ts";
import { bytesOfText, type TreePath } from "../tree/path.ts";

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * An open directory, and the `*at` calls relative to it that Node lacks: Linux resolves `/proc/self/fd/<n>/<name>` from the very
 * directory that is open, wherever it was moved meanwhile. With O_NOFOLLOW on the one name that is added each time, no link is ever followed, however
 * somebody races with us.
 */
export class DirectoryHandle implements Disposable {
  readonly fd: number;
  readonly #prefix: Buffer;

  private constructor(fd: number) {
    this.fd = fd;
    this.#prefix = Buffer.from(`/proc/self/fd/${fd}/`);
  }

  /** Opens a directory by a trusted path, whose own links are followed. */
  static openRoot(path: string): DirectoryHandle {
    if (!existsSync("/proc/self/fd")) {
      throw new TreeError({ code: "UNSUPPORTED", message: "reading trees safely needs Linux with /proc mounted" });
    }
    return new DirectoryHandle(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  openDirectory(name: Uint8Array): DirectoryHandle {
    return new DirectoryHandle(openSync(this.#path(name), DIRECTORY));
  }

  /** Opens the directory `path` below this one, name by name. The caller closes it, also when it is `""`, this directory again. */
  openBelow(path: TreePath | ""): DirectoryHandle {
    let directory = new DirectoryHandle(openSync(this.#path(Buffer.from(".")), DIRECTORY));
    for (const name of path === "" ? [] : path.split("/")) {
      const parent = directory;
      try {
        directory = parent.openDirectory(bytesOfText(name));
      } finally {
        parent[Symbol.dispose]();
      }
    }
    return directory;
  }

  /** Opens an entry that is no link, without waiting for the other end of a FIFO. */
  openFile(name: Uint8Array, flags: number, mode = 0o600): number {
    return openSync(this.#path(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, mode);
  }

  /** Names in this directory, at most `limit`. @throws TreeError LIMIT_EXCEEDED */
  names(limit: number): Buffer[] {
    const names: Buffer[] = [];
    // The types of Node leave out that names are buffers under this encoding.
    const options = { encoding: "buffer" as BufferEncoding, bufferSize: 512 };
    const directory = opendirSync(`/proc/self/fd/${this.fd}`, options);
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (names.length >= limit) {
          throw new TreeError({ code: "LIMIT_EXCEEDED", message: `a directory holds more than ${limit} entries` });
        }
        names.push(Buffer.from(entry.name));
      }
    } finally {
      directory.closeSync();
    }
    return names;
  }

  isEmpty(): boolean {
    const directory = opendirSync(`/proc/self/fd/${this.fd}`);
    try {
      return directory.readSync() === null;
    } finally {
      directory.closeSync();
    }
  }

  stat(): BigIntStats {
    return fstatSync(this.fd, { bigint: true });
  }

  lstat(name: Uint8Array): BigIntStats {
    return lstatSync(this.#path(name), { bigint: true });
  }

  readlink(name: Uint8Array): Buffer {
    return readlinkSync(this.#path(name), "buffer");
  }

  mkdir(name: Uint8Array, mode: number): void {
    mkdirSync(this.#path(name), { mode });
  }

  symlink(target: Uint8Array, name: Uint8Array): void {
    symlinkSync(Buffer.from(target), this.#path(name));
  }

  /** Gives the file `name` in `from` the further name `as` here; a link is not followed (link(2)). */
  link(from: DirectoryHandle, name: Uint8Array, as: Uint8Array): void {
    linkSync(from.#path(name), this.#path(as));
  }

  /** For the calls that take a path only (lchown, lutimes): both act on the entry itself. */
  pathOf(name: Uint8Array): Buffer {
    return this.#path(name);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }

  #path(name: Uint8Array): Buffer {
    return Buffer.concat([this.#prefix, name]);
  }
}
