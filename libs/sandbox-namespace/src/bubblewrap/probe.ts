import { mkdtemp, rm, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultLimits, type Enforcement, SandboxError, WorkspacePath } from "@cofferdam/sandbox-provider";
import { createNamespaceProvider } from "../provider.ts";
import type { Bubblewrap } from "./find.ts";

const PROBE_TIMEOUT_MS = 20_000;

/**
 * Starts a real sandbox, runs a command in it and removes it again. Returns what enforces the limits here.
 * @throws {SandboxError} `USER_NAMESPACES_DENIED` with what bubblewrap said, or `TIER_UNAVAILABLE`.
 */
export async function probeNamespaceTier(bubblewrap: Bubblewrap): Promise<Enforcement> {
  const root = await mkdtemp(join(tmpdir(), "cofferdam-probe-"));
  await chmod(root, 0o711);
  const options = { bwrap: bubblewrap.path, root };
  try {
    const provider = await createNamespaceProvider(
      process.getuid?.() === 0 ? { ...options, uidRegistry: join(root, "uids") } : options,
    );
    const sandbox = await provider.create({ id: "probe", limits: defaultLimits, environment: {}, readOnlyFolders: [] });
    try {
      const workdir = WorkspacePath("");
      const execution = sandbox.exec({
        argv: ["true"],
        workdir,
        environment: {},
        timeoutMs: PROBE_TIMEOUT_MS,
        outputBytes: 4_096,
      });
      execution.stdin.end();
      execution.stdout.resume();
      let said = "";
      for await (const chunk of execution.stderr) said += String(chunk);
      const code = await execution.ended.then(
        (result) => result.exitCode,
        () => undefined,
      );
      if (code !== 0) throw denied(bubblewrap.path, said.trim());
      const report = provider.describe();
      if (!report.available) throw new SandboxError("TIER_UNAVAILABLE", report.reason, "see ./cofferdam doctor");
      return report.enforcement;
    } finally {
      await sandbox.destroy();
      provider.close();
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const denied = (path: string, said: string): SandboxError =>
  new SandboxError(
    "USER_NAMESPACES_DENIED",
    `${path} cannot start a sandbox: ${said || "it said nothing"}`,
    "allow unprivileged user namespaces: sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 and, on Ubuntu, an AppArmor profile for bwrap or kernel.apparmor_restrict_unprivileged_userns=0",
  );
