import { execFile } from "node:child_process";
import { chmodSync, chownSync, lstatSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Owner, SandboxError } from "@cofferdam/sandbox-provider";

const run = promisify(execFile);

/** The folders of one sandbox on the trusted side. */
export class SandboxFolders {
  readonly root: string;
  readonly workspace: string;
  readonly tmp: string;
  /** Named pipes of the commands. */
  readonly streams: string;
  /** Records of what runs; never seen from inside. */
  readonly running: string;
  readonly readOnly: Readonly<Record<string, string>>;

  constructor(root: string, readOnlyNames: readonly string[]) {
    this.root = root;
    this.workspace = join(root, "workspace");
    this.tmp = join(root, "tmp");
    this.streams = join(root, "streams");
    this.running = join(root, "running");
    this.readOnly = Object.fromEntries(readOnlyNames.map((name) => [name, join(root, "shown", name)]));
  }

  /** Makes them. Only the owner gets in: others of the same machine find a closed door. */
  create(owner: Owner, foreign: boolean): void {
    if (foreign) chownSync(this.root, 0, owner.gid);
    chmodSync(this.root, foreign ? 0o710 : 0o700);
    for (const folder of [this.running, this.streams]) mkdirSync(folder, { mode: 0o700 });
    mkdirSync(join(this.root, "shown"), { mode: 0o711 });
    for (const folder of [this.workspace, this.tmp, ...Object.values(this.readOnly)]) {
      mkdirSync(folder, { mode: 0o700 });
      if (foreign) chownSync(folder, owner.uid, owner.gid);
    }
  }

  /**
   * Makes sure that what is shown read-only has a folder to stand on. While a command runs it cannot be moved or
   * replaced, being a mount; but a workspace may come from a snapshot with anything in it.
   */
  assertMountPoints(): void {
    for (const name of Object.keys(this.readOnly)) {
      const path = join(this.workspace, name);
      const info = lstatSync(path, { throwIfNoEntry: false });
      if (info === undefined) mkdirSync(path, { mode: 0o755 });
      else if (!info.isDirectory()) {
        throw new SandboxError(
          "WRITE_REFUSED",
          `/workspace/${name} is to be mounted and is no folder in this workspace`,
          "use another snapshot, or mount elsewhere",
        );
      }
    }
  }

  /**
   * Removes them with all that is in them. What hostile programs leave can defeat a removal by path: trees deeper than
   * the longest path, folders without permissions.
   */
  async remove(): Promise<void> {
    try {
      await rm(this.root, { recursive: true, force: true });
    } catch {
      await run("chmod", ["-R", "u+rwx", "--", this.root]).catch(() => undefined);
      await run("rm", ["-rf", "--one-file-system", "--", this.root]);
    }
  }
}
