import { join } from "node:path";
import type { Checkout } from "../../libs/host-probe/src/checkout.ts";
import { versionOf } from "../../libs/host-probe/src/requirements/program-version.ts";
import { debianMirror, unpackFromArchive } from "./debian-archive.ts";
import { programFolders, type NativeProgram } from "../../libs/host-probe/src/requirements/native-program.ts";
import { SetupError } from "./setup-error.ts";
import { compareVersions } from "../../libs/host-probe/src/requirements/versions.ts";

/** Fetches it into `<cache>/<name>`, or says how to install it. */
export async function fetchProgram(program: NativeProgram, checkout: Checkout): Promise<{ detail: string }> {
  const named = process.env[program.variable];
  if (named) {
    // Fetching would not help: what is named is used, and nothing else.
    const message = `${program.variable} names ${named}, which is no ${program.name} ${program.minimum} or newer that runs here`;
    throw new SetupError("PROGRAM_MISSING", message, `correct ${program.variable}, or unset it to have one fetched`);
  }
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
  for (const folder of programFolders(tree)) {
    const version = await versionOf(join(folder, program.command));
    if (version !== undefined && compareVersions(version, program.minimum) >= 0) return version;
    if (version !== undefined) throw notHere(program, `the archive's is ${version}`);
  }
  throw notHere(program, "the archive's does not run on this machine");
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
