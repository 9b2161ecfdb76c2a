import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findBubblewrap } from "../libs/sandbox-namespace/src/index.ts";

const TIMES = 30;

/** What the machine asks for a step's three acts, done plainly and one after another: milliseconds of each time. */
export async function floors(folder: string, cacheDir: string): Promise<Readonly<Record<string, readonly number[]>>> {
  const bwrap = await findBubblewrap({ cacheDir });
  const files = join(folder, "floor");
  mkdirSync(files, { recursive: true });
  const log = await open(join(files, "log"), "a");
  const bytes = Buffer.alloc(4_096, 1);
  try {
    return {
      "bubblewrap with `true` in it, spawned by Node": await timed(() => command(bwrap.path)),
      "1 KiB appended to a file and synced": await timed(async () => {
        await log.write(bytes.subarray(0, 1_024));
        await log.datasync();
      }),
      "a new file of 4 KiB, synced": await timed(async (i) => {
        await writeFile(join(files, `${process.hrtime.bigint()}-${i}`), bytes, { flush: true });
      }),
    };
  } finally {
    await log.close();
  }
}

async function timed(act: (i: number) => Promise<void>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const began = performance.now();
    await act(i);
    took.push(performance.now() - began);
  }
  return took;
}

function command(bwrap: string): Promise<void> {
  const walls = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"];
  const child = spawn(bwrap, [...walls, "--", "true"], { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`bubblewrap ended with status ${code}`))));
  });
}
