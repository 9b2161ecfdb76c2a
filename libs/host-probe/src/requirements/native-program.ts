import { constants, accessSync } from "node:fs";
import { delimiter, join } from "node:path";
import { KnownVersions } from "./known-versions.ts";
import { compareVersions } from "./versions.ts";

/** A program that is no npm package: found on the machine, else fetched from the machine's own Debian mirror. */
export interface NativeProgram {
  readonly name: string;
  readonly command: string;
  /** Names it for the services; what is set there is used and not looked for. */
  readonly variable: string;
  readonly minimum: string;
  readonly debianPackage: string;
  /** Suites to try in order; `undefined` is the machine's own. */
  readonly suites: readonly (string | undefined)[];
  /** How to install it where that cannot be done here. */
  readonly instructions: readonly string[];
}

/** Older ones are not serializable on expected sequences, or cannot sync each write. */
export const natsServer: NativeProgram = {
  name: "nats-server",
  command: "nats-server",
  variable: "COFFERDAM_NATS_SERVER",
  minimum: "2.14.9",
  debianPackage: "nats-server",
  // Only sid is new enough today; the release after it will carry it on.
  suites: ["sid", "trixie"],
  instructions: [
    "Alpine           apk add nats-server           (edge)",
    "Arch             pacman -S nats-server",
    "macOS            brew install nats-server",
    "anywhere         go install github.com/nats-io/nats-server/v2@latest, or a release of nats-io/nats-server",
  ],
};

/** The first with `--disable-userns`. */
export const bubblewrap: NativeProgram = {
  name: "bubblewrap",
  command: "bwrap",
  variable: "COFFERDAM_BWRAP",
  minimum: "0.8.0",
  debianPackage: "bubblewrap",
  suites: [undefined],
  instructions: [
    "Debian, Ubuntu   apt-get install bubblewrap",
    "Fedora           dnf install bubblewrap",
    "Alpine           apk add bubblewrap",
    "Arch             pacman -S bubblewrap",
    "macOS            not possible: the local sandbox needs Linux",
  ],
};

export interface Found {
  readonly path: string;
  readonly version: string;
}

/**
 * The program named by its variable, else the first new enough on PATH, else the one in the cache. A program is asked
 * for its version once; the code for that is loaded only then, for each start comes through here.
 */
export async function findProgram(
  program: NativeProgram,
  cache: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Found | undefined> {
  const versions = new KnownVersions(cache);
  for (const path of candidates(program, cache, env).filter(isExecutable)) {
    const known = versions.of(path);
    const version = known ?? (await (await import("./program-version.ts")).versionOf(path));
    if (version === undefined) continue;
    if (known === undefined) versions.remember(path, version);
    if (compareVersions(version, program.minimum) >= 0) return { path, version };
  }
  return undefined;
}

function candidates(program: NativeProgram, cache: string, env: NodeJS.ProcessEnv): string[] {
  const named = env[program.variable];
  if (named) return [named];
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...path, ...programFolders(join(cache, program.name))].map((folder) => join(folder, program.command));
}

/** Where a Debian package's tree, or a person, puts a program. */
export const programFolders = (tree: string): string[] => ["usr/bin", "usr/sbin", "."].map((dir) => join(tree, dir));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there or not for this user: not a candidate.
    return false;
  }
}
