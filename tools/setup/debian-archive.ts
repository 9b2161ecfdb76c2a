import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../../libs/host-probe/src/run-program.ts";
import { SetupError } from "./setup-error.ts";

const ASK_LIMIT_MS = 60_000;
const UPDATE_LIMIT_MS = 180_000;
const DOWNLOAD_LIMIT_MS = 120_000;
const KEYRINGS = ["/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"];

/** The Debian mirror this machine already uses, as its own apt configuration names it. */
export interface DebianMirror {
  readonly uri: string;
  /** Codename of the installed release, e.g. `bookworm`. */
  readonly codename: string;
}

/** Undefined where this is no Debian, or its tools are not there. */
export async function debianMirror(): Promise<DebianMirror | undefined> {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  if (!/^ID=debian$/m.test(release)) return undefined;
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? "sid";
  const format = "$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)";
  const targets = await runProgram("apt-get", ["indextargets", "--format", format], { limitMs: ASK_LIMIT_MS });
  if (targets.code !== 0) throw archiveFailure("asking apt-get for this machine's mirror", targets.reason);
  const uri = targets.stdout
    .split("\n")
    .map((line) => line.split(" "))
    .find(([kind, suite, component]) => kind === "Packages" && suite === codename && component === "main")?.[3];
  return uri === undefined ? undefined : { uri, codename };
}

/**
 * Unpacks one package of one suite into `into`, leaving the system as it is: apt runs with a state and a list of
 * sources of its own, checks the suite's signature against Debian's archive keyring and the package against the
 * signed index, and nothing of the package is run. Works for any user.
 *
 * `verify` sees the unpacked tree before it takes the place of `into`; throwing there refuses it.
 */
export async function unpackFromArchive(options: {
  readonly mirror: DebianMirror;
  readonly suite: string;
  readonly packageName: string;
  readonly scratchDir: string;
  readonly into: string;
  readonly verify: (tree: string) => Promise<string>;
}): Promise<string> {
  const { packageName, suite } = options;
  await mkdir(options.scratchDir, { recursive: true });
  const dir = await mkdtemp(join(options.scratchDir, `${packageName}-`));
  try {
    const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
    const config = await privateAptConfig(dir, options.mirror.uri, suite);
    const apt = async (args: readonly string[], limitMs: number): Promise<void> => {
      const outcome = await runProgram("apt-get", args, { cwd: dir, env: { ...env, APT_CONFIG: config }, limitMs });
      if (outcome.code !== 0) throw archiveFailure(`apt-get ${args.join(" ")} (${suite})`, outcome.reason);
    };
    await apt(["update"], UPDATE_LIMIT_MS);
    await apt(["download", packageName], DOWNLOAD_LIMIT_MS);
    const deb = (await readdir(dir)).find((name) => name.endsWith(".deb"));
    if (deb === undefined) throw archiveFailure(`apt-get download ${packageName}`, "it left no package");
    const tree = join(dir, "tree");
    const unpacked = await runProgram("dpkg-deb", ["-x", join(dir, deb), tree], { limitMs: DOWNLOAD_LIMIT_MS });
    if (unpacked.code !== 0) throw archiveFailure(`unpacking ${deb}`, unpacked.reason);
    const version = await options.verify(tree);
    await rm(options.into, { recursive: true, force: true });
    await rename(tree, options.into);
    return version;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * The machine's `Acquire` settings (proxies, certificates, retries) with lists, caches, hooks and sources of our own.
 * Files in apt.conf.d are not read a second time: some run hooks that touch the system.
 */
async function privateAptConfig(dir: string, uri: string, suite: string): Promise<string> {
  for (const sub of ["state/lists/partial", "cache/archives/partial", "none"]) {
    await mkdir(join(dir, sub), { recursive: true });
  }
  const dump = await runProgram("apt-config", ["dump"], { limitMs: ASK_LIMIT_MS });
  const acquire = dump.stdout
    .split("\n")
    .filter((line) => line.startsWith("Acquire::") && !line.startsWith("Acquire::IndexTargets"));
  const keyring = KEYRINGS.find((file) => existsSync(file));
  const options = keyring === undefined ? "" : ` [signed-by=${keyring}]`;
  await writeFile(join(dir, "sources.list"), `deb${options} ${uri} ${suite} main\n`);
  await writeFile(join(dir, "status"), "");
  const settings = {
    "Dir::State": join(dir, "state"),
    "Dir::State::status": join(dir, "status"),
    "Dir::Cache": join(dir, "cache"),
    // The index of a whole suite is needed once: it stays compressed, and no cache of it is built.
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    "Acquire::GzipIndexes": "true",
    "Dir::Etc::main": "/dev/null",
    "Dir::Etc::parts": join(dir, "none"),
    "Dir::Etc::sourcelist": join(dir, "sources.list"),
    "Dir::Etc::sourceparts": join(dir, "none"),
    "Dir::Etc::preferences": "/dev/null",
    "Dir::Etc::preferencesparts": join(dir, "none"),
    "APT::Sandbox::User": "",
    "APT::Get::AllowUnauthenticated": "false",
    // Otherwise an archive that cannot be reached is a warning, and the package merely "not found".
    "APT::Update::Error-Mode": "any",
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
  };
  const own = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  const file = join(dir, "apt.conf");
  await writeFile(file, [...acquire, ...own, ""].join("\n"));
  return file;
}

function archiveFailure(doing: string, reason: string): SetupError {
  const message = `${doing}: ${reason}`;
  if (/No space left/i.test(reason)) return new SetupError("DISK_FULL", message, "free disk space and start again");
  const mend = /resolving|resolve|connect|timed out|no end after/i.test(reason)
    ? "check that this machine's Debian mirror can be reached (`apt-get update`), and start again"
    : "the lines above are apt's; mend that, or install the program yourself, and start again";
  return new SetupError("ARCHIVE_FAILED", message, mend);
}
