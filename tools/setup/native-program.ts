import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Checkout } from "./checkout.ts";
import { pins } from "./checkout.ts";
import { runProgram } from "./child-process.ts";
import { debianMirror, unpackFromArchive } from "./debian-archive.ts";
import { SetupError } from "./setup-error.ts";
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

export const natsServer: NativeProgram = {
  name: "nats-server",
  command: "nats-server",
  variable: "COFFERDAM_NATS_SERVER",
  minimum: pins.natsServer.minimum,
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

export const bubblewrap: NativeProgram = {
  name: "bubblewrap",
  command: "bwrap",
  variable: "COFFERDAM_BWRAP",
  minimum: pins.bubblewrap.minimum,
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

/** The program named by its variable, else the first new enough on PATH, else the one in the cache. */
export async function findProgram(
  program: NativeProgram,
  cache: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Found | undefined> {
  const named = env[program.variable];
  const folders = [
    ...(env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    ...cacheFolders(program, cache),
  ];
  for (const path of named ? [named] : folders.map((folder) => join(folder, program.command))) {
    const version = await versionOf(path);
    if (version !== undefined && compareVersions(version, program.minimum) >= 0) return { path, version };
  }
  return undefined;
}

/** Fetches it into `<cache>/<name>`, or says how to install it. */
export async function fetchProgram(program: NativeProgram, checkout: Checkout): Promise<{ detail: string }> {
  const mirror = await debianMirror();
  if (mirror === undefined) throw notHere(program, "this is no Debian whose archive could be used");
  let refused = "";
  for (const suite of program.suites.map((name) => name ?? mirror.codename)) {
    try {
      const version = await unpackFromArchive({
        mirror,
        suite,
        packageName: program.debianPackage,
        scratchDir: join(checkout.cache, "scratch"),
        into: join(checkout.cache, program.name),
        verify: (tree) => newEnough(program, tree),
      });
      return { detail: `${version} from Debian ${suite}` };
    } catch (error) {
      if (!(error instanceof SetupError) || error.code !== "PROGRAM_MISSING") throw error;
      refused = error.message;
    }
  }
  throw notHere(program, refused);
}

async function newEnough(program: NativeProgram, tree: string): Promise<string> {
  for (const folder of treeFolders(tree)) {
    const version = await versionOf(join(folder, program.command));
    if (version !== undefined && compareVersions(version, program.minimum) >= 0) return version;
    if (version !== undefined) throw notHere(program, `the archive's is ${version}`);
  }
  throw notHere(program, "the archive's does not run on this machine");
}

const cacheFolders = (program: NativeProgram, cache: string): string[] => treeFolders(join(cache, program.name));
const treeFolders = (tree: string): string[] => ["usr/bin", "usr/sbin", "."].map((folder) => join(tree, folder));

async function versionOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    // Not there or not for this user: not a candidate.
    return undefined;
  }
  const outcome = await runProgram(path, ["--version"]);
  return outcome.code === 0 ? /(\d+\.\d+\.\d+)/.exec(outcome.stdout)?.[1] : undefined;
}

function notHere(program: NativeProgram, why: string): SetupError {
  const mend = [
    `install ${program.name} ${program.minimum} or newer and put it on PATH, or name it in ${program.variable}:`,
    ...program.instructions.map((line) => `  ${line}`),
  ];
  return new SetupError(
    "PROGRAM_MISSING",
    `${program.name} ${program.minimum} or newer is needed: ${why}`,
    mend.join("\n  "),
  );
}
