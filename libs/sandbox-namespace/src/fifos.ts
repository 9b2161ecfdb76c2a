import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** Where a command's output goes: our ends as streams, its ends as descriptors. */
export interface OutputPipes {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly descriptors: readonly [stdout: number, stderr: number];
  /** Closes the command's ends on our side, once it has them. */
  handOver(): void;
  /** Resolves when our ends are closed too. */
  readonly closed: Promise<unknown>;
}

const BATCH = 4;

/**
 * Named pipes for the output of one sandbox's commands. Node's own pipes are sockets: `/dev/stdout` cannot be opened
 * again through them, and a socket to the broker is more than a command needs. A pipe is used again when its command is
 * gone, and holds nothing by then.
 */
export class Fifos {
  readonly #folder: string;
  readonly #free: number[] = [];
  #made = 0;

  /** `folder` exists and is closed to all but its owner. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  take(): { readonly pipes: OutputPipes; readonly giveBack: () => void } {
    if (this.#free.length === 0) this.#make();
    const number = this.#free.pop() ?? 0;
    return { pipes: openPipes(join(this.#folder, String(number))), giveBack: () => this.#free.push(number) };
  }

  // Owned by the broker and open to others, none of whom comes to the folder: the command cannot change their modes.
  #make(): void {
    const numbers = Array.from({ length: BATCH }, () => this.#made++);
    const paths = numbers.flatMap((n) => [join(this.#folder, `${n}.out`), join(this.#folder, `${n}.err`)]);
    execFileSync("mkfifo", ["-m", "0622", "--", ...paths], { stdio: "pipe" });
    this.#free.push(...numbers);
  }
}

function openPipes(path: string): OutputPipes {
  const [stdout, output] = openPipe(`${path}.out`);
  const [stderr, errors] = openPipe(`${path}.err`);
  const closed = [stdout, stderr].map((stream) => new Promise((resolve) => stream.once("close", resolve)));
  return {
    stdout,
    stderr,
    descriptors: [output, errors],
    handOver: () => [output, errors].forEach((descriptor) => closeSync(descriptor)),
    closed: Promise.all(closed),
  };
}

// Opening the writing end waits for a reader, so ours is first; the command's must not have O_NONBLOCK.
function openPipe(path: string): readonly [ours: Socket, theirs: number] {
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return [new Socket({ fd: reading, readable: true, writable: false }), openSync(path, constants.O_WRONLY)];
}
