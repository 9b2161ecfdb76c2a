import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** A piece of what a command wrote. */
export interface OutputFrame {
  readonly stream: "stdout" | "stderr";
  readonly data: Buffer;
}

const HEADER_BYTES = 5;
const codes = { stdout: 1, stderr: 2 } as const;
const MAX_FRAME_BYTES = 1 << 20;

/**
 * What one command wrote, on disk, in the order of arrival. Whoever wants it, at once or later, reads it from there:
 * a slow reader slows nobody, a repeated request sees the same bytes, and memory holds one frame per reader.
 */
export class OutputJournal {
  readonly path: string;
  readonly #file: FileHandle;
  #written = 0;
  #sealed = false;
  #tail: Promise<unknown> = Promise.resolve();
  #changed = Promise.withResolvers<void>();
  readonly #begun = Promise.withResolvers<void>();
  readonly bytes = { stdout: 0, stderr: 0 };

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<OutputJournal> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return new OutputJournal(path, await open(path, "w", 0o600));
  }

  /** Resolves at the first byte. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  append(stream: "stdout" | "stderr", data: Buffer): Promise<void> {
    const done = this.#tail.then(async () => {
      for (let at = 0; at < data.length; at += MAX_FRAME_BYTES)
        await this.#write(stream, data.subarray(at, at + MAX_FRAME_BYTES));
    });
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Nothing follows any more. With `durable` all of it is on disk afterwards. Readers come to their end. */
  async seal(durable: boolean): Promise<void> {
    await this.#tail;
    if (durable && this.#written > 0) await this.#file.datasync();
    await this.#file.close();
    this.#sealed = true;
    this.#wake();
  }

  /** All frames from the first, following what is being written until {@link seal}. */
  async *read(): AsyncGenerator<OutputFrame> {
    const file = await open(this.path, "r");
    try {
      for (let at = 0; ;) {
        if (at < this.#written) {
          const frame = await readFrame(file, at);
          at += HEADER_BYTES + frame.data.length;
          yield frame;
        } else if (this.#sealed) return;
        else await this.#changed.promise;
      }
    } finally {
      await file.close();
    }
  }

  async #write(stream: "stdout" | "stderr", data: Buffer): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(codes[stream], 0);
    header.writeUInt32LE(data.length, 1);
    const { bytesWritten } = await this.#file.writev([header, data], this.#written);
    if (bytesWritten !== HEADER_BYTES + data.length) throw new Error("an output journal took only a part of a frame");
    this.#written += HEADER_BYTES + data.length;
    this.bytes[stream] += data.length;
    this.#begun.resolve();
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

/** Frames of a journal that was sealed earlier, in this process or another. */
export async function* readJournal(path: string): AsyncGenerator<OutputFrame> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size;) {
      const frame = await readFrame(file, at);
      at += HEADER_BYTES + frame.data.length;
      yield frame;
    }
  } finally {
    await file.close();
  }
}

async function readFrame(file: FileHandle, at: number): Promise<OutputFrame> {
  const header = Buffer.alloc(HEADER_BYTES);
  await readFully(file, header, at);
  const data = Buffer.alloc(header.readUInt32LE(1));
  await readFully(file, data, at + HEADER_BYTES);
  return { stream: header.readUInt8(0) === codes.stdout ? "stdout" : "stderr", data };
}

async function readFully(file: FileHandle, into: Buffer, at: number): Promise<void> {
  for (let got = 0; got < into.length;) {
    const { bytesRead } = await file.read(into, got, into.length - got, at + got);
    if (bytesRead === 0) throw new Error("an output journal ends inside a frame");
    got += bytesRead;
  }
}
