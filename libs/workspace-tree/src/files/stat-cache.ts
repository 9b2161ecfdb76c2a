import type { BigIntStats } from "node:fs";
import type { TreePath } from "../tree/path.ts";
import type { FileContent } from "../tree/tree.ts";

/** The kernel stamps files with a clock that ticks every 4 to 10 ms: a change within one tick after another leaves no trace. */
const TICK_NS = 20_000_000n;

interface Known {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly ctimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly content: FileContent;
}

/**
 * What files held when they were last read, so that an unchanged one need not be read again. All its chunks are durable in the
 * snapshot store that the cache was made with.
 *
 * Unchanged means: same device, inode, size, mtime and ctime (which no process can set), and, as in git's "racy" rule, a ctime from
 * safely before that reading began: a file that was changed in the same tick as it was read is read again.
 */
export class StatCache {
  readonly #takenAtNs: bigint;
  readonly #known = new Map<TreePath, Known>();

  /** @param takenAtNs time before the first file of this cache was read, by the clock that stamps files. */
  constructor(takenAtNs: bigint) {
    this.#takenAtNs = takenAtNs;
  }

  get size(): number {
    return this.#known.size;
  }

  remember(path: TreePath, stats: BigIntStats, content: FileContent): void {
    const { dev, ino, ctimeNs, mtimeNs } = stats;
    this.#known.set(path, { dev, ino, ctimeNs, mtimeNs, content });
  }

  lookup(path: TreePath, stats: BigIntStats): FileContent | undefined {
    const known = this.#known.get(path);
    const same =
      known !== undefined &&
      known.dev === stats.dev &&
      known.ino === stats.ino &&
      known.ctimeNs === stats.ctimeNs &&
      known.mtimeNs === stats.mtimeNs &&
      BigInt(known.content.sizeBytes) === stats.size;
    return same && known.ctimeNs + TICK_NS < this.#takenAtNs ? known.content : undefined;
  }
}

/** The clock that stamps files, in nanoseconds. */
export const fileClockNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
