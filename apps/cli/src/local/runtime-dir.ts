import { lstatSync, mkdirSync, readdirSync, rmSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { CliError } from "../cli-error.ts";
import type { Home } from "./home.ts";

/** Longest socket name used below the directory. */
const LONGEST_NAME = 24;
/** sun_path holds 108 bytes, the last of them NUL (unix(7)). */
const SUN_PATH = 107;

/**
 * Makes the directory for this home's sockets: private (0700), of this user, on a short path. Whoever could make it in
 * advance could listen in the services' place, so one that is not ours is refused, never used or repaired.
 *
 * @throws {CliError} RUNTIME_DIR_UNSAFE
 */
export function makeRuntimeDir(home: Home, env: NodeJS.ProcessEnv): string {
  const path = runtimeDirOf(home, env);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (!isExisting(cause)) throw unsafe(path, "it cannot be created", cause);
  }
  const fault = faultOf(lstatSync(path));
  if (fault !== undefined) throw unsafe(path, fault);
  // The lock on the home is held: whatever lies in here is left from processes that are gone.
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  return path;
}

/** Where the directory is: the user's own runtime directory where there is one, else a temporary one. */
export function runtimeDirOf(home: Home, env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const own = env["XDG_RUNTIME_DIR"];
  const candidates = [
    ...(own ? [join(own, `cofferdam-${home.id}`)] : []),
    join(tmpdir(), `cofferdam-${uid}-${home.id}`),
  ];
  return candidates.find(fits) ?? `/tmp/cofferdam-${uid}-${home.id}`;
}

function fits(path: string): boolean {
  if (Buffer.byteLength(path) + 1 + LONGEST_NAME > SUN_PATH) return false;
  return lstatSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() === true;
}

function faultOf(stats: Stats): string | undefined {
  if (!stats.isDirectory()) return "it is not a directory";
  if (process.getuid !== undefined && stats.uid !== process.getuid()) return `it belongs to user ${stats.uid}`;
  if ((stats.mode & 0o077) !== 0) return "others may enter it";
  return undefined;
}

const isExisting = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "EEXIST";

const unsafe = (path: string, fault: string, cause?: unknown): CliError =>
  new CliError({
    code: "RUNTIME_DIR_UNSAFE",
    message: `will not put sockets into ${path}: ${fault}`,
    mend: "remove it, or set XDG_RUNTIME_DIR to a folder of your own with mode 0700",
    cause,
  });
