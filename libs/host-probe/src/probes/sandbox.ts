import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missing, ok, type Finding } from "../finding.ts";
import { runProgram } from "../run-program.ts";

const NAME = "sandbox";
/** `nobody`: whom an unprivileged sandbox would run as when we are root. */
const UNPRIVILEGED = 65_534;
const LIMIT_MS = 10_000;

/** Runs `true` in an empty sandbox, as an unprivileged user, as the broker would. */
export async function probeSandbox(bwrap: string | undefined): Promise<Finding> {
  if (bwrap === undefined) return missing(NAME, "not tried: there is no bubblewrap", "see bubblewrap");
  const root = process.getuid?.() === 0;
  const dir = await mkdtemp(join(tmpdir(), "cofferdam-probe-"));
  try {
    // The unprivileged user may not reach where bwrap lies; a copy says what the program can do, not where it is.
    const program = join(dir, "bwrap");
    await copyFile(bwrap, program);
    await chmod(dir, 0o755);
    await chmod(program, 0o755);
    const args = ["--unshare-all", "--disable-userns", "--unshare-user", "--die-with-parent", "--new-session"];
    args.push("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true");
    const started = performance.now();
    const outcome = await runProgram(program, args, {
      cwd: "/",
      limitMs: LIMIT_MS,
      ...(root ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}),
    });
    const ms = Math.round(performance.now() - started);
    if (outcome.code === 0) return ok(NAME, `an empty one ran ${root ? "as an unprivileged user " : ""}in ${ms} ms`);
    return missing(NAME, `bwrap failed: ${outcome.reason}`, mendFor(outcome.reason));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function mendFor(reason: string): string {
  if (/uid map|user namespace|CLONE_NEWUSER|No permissions to create new namespace/i.test(reason)) {
    return "allow unprivileged user namespaces (see user-namespaces); in a container, start it with seccomp and AppArmor profiles that allow them";
  }
  if (/proc/i.test(reason))
    return "this looks like a container with a masked /proc: start it with --security-opt systempaths=unconfined";
  return "the line above is bwrap's; in a container, it may need profiles that allow namespaces and mounts";
}
