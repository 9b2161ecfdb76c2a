import { posix } from "node:path";

/** Absolute form of a path that a tool call names. Lexical: links are the sandbox's to hold. */
export const absolutePath = (path: string, base: string): string => posix.resolve("/", base, path);

/** Whether an absolute, resolved path is `root` or stands below it. */
export const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

/** Whether text can be a path at all: not empty, and without NUL, which would end it early. */
export const isPath = (text: string): boolean => text !== "" && !text.includes("\0");
