import { constants, open, realpath } from "node:fs/promises";
import type { NamedEntry } from "./folder-walk.ts";
import type { ProblemReason } from "./problem.ts";
import { isWithin } from "./relative-path.ts";

/** Where the bytes of an entry are, or why they are not to be had. */
export type Located =
  | { readonly absolutePath: string; readonly sizeBytes: number }
  | { readonly refused: ProblemReason; readonly why: string }
  | { readonly error: unknown };

/** Finds the file behind an entry. A link is followed to a file below `root`, and nowhere else. */
export async function locate({ kind, absolute }: NamedEntry, root: string): Promise<Located> {
  if (kind === "special") return { refused: "INPUT_NOT_A_FILE", why: "is a pipe, socket or device" };
  try {
    const absolutePath = kind === "link" ? await realpath(absolute) : absolute;
    if (!isWithin(absolutePath, root)) {
      return { refused: "INPUT_LINK_ESCAPES", why: "is a link that leads out of the input" };
    }
    return await openable(absolutePath);
  } catch (error) {
    return { error };
  }
}

/** Opens the file, since only that tells whether it may be read, and reads nothing. */
async function openable(absolutePath: string): Promise<Located> {
  const handle = await open(absolutePath, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isFile()) return { absolutePath, sizeBytes: found.size };
    return { refused: "INPUT_NOT_A_FILE", why: "leads to a folder, a pipe or a device" };
  } finally {
    await handle.close();
  }
}
