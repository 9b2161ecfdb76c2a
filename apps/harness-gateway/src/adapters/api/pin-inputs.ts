import { dirname, relative } from "node:path";
import { realpath, stat } from "node:fs/promises";
import type { events } from "@cofferdam/contracts";
import {
  checkInputExpectations,
  formatLocation,
  type Input,
  locationPath,
  type Manifest,
  type Problem,
  selectInputs,
  type SelectedFile,
} from "@cofferdam/manifest";
import { RpcError } from "@cofferdam/service";
import { pushFiles, type SnapshotClient, treePath, TreeError } from "@cofferdam/workspace-tree";

/** Fences need a log; nobody owns the inputs of a run that does not exist yet. */
const LOG = "inputs";

export type PinResult =
  | { readonly ok: true; readonly inputs: events.PinnedInput[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Pins the inputs of a manifest: lists them, checks limits before a byte is read and expectations before an agent sees
 * anything, then commits each as a read-only tree. The run names only trees, so that a resume sees the same bytes.
 */
export class InputPinner {
  readonly #snapshots: SnapshotClient;
  readonly #team: string;

  constructor(snapshots: SnapshotClient, team: string) {
    this.#snapshots = snapshots;
    this.#team = team;
  }

  async pin({ spec }: Manifest, base: string): Promise<PinResult> {
    const chosen: { name: string; input: Input; files: readonly SelectedFile[] }[] = [];
    const problems: Problem[] = [];
    for (const [name, input] of Object.entries(spec.inputs)) {
      const selection = await selectInputs(base, name, input);
      problems.push(...selection.problems);
      if (selection.problems.length === 0) {
        problems.push(...(await checkInputExpectations(name, input, selection.files)));
      }
      chosen.push({ name, input, files: selection.files });
    }
    if (problems.length > 0) return { ok: false, problems };
    const inputs = await Promise.all(chosen.map(({ name, input, files }) => this.#commit(name, input, files, base)));
    const moved = inputs.flatMap(({ name, treeDigest }) => {
      const pinned = spec.inputs[name]?.pin?.digest;
      return pinned === undefined || pinned === treeDigest ? [] : [changed(name, pinned, treeDigest)];
    });
    return moved.length > 0 ? { ok: false, problems: moved } : { ok: true, inputs };
  }

  async #commit(name: string, input: Input, files: readonly SelectedFile[], base: string): Promise<events.PinnedInput> {
    const source = await realpath(locationPath(input.from, base));
    const root = (await stat(source)).isDirectory() ? source : dirname(source);
    const paths = files.map(({ path }) => treePath(path));
    const request = { team: this.#team, root, paths, log: LOG, epoch: 0, label: `input ${name}` };
    const { tree, treeDigest } = await pushFiles(this.#snapshots, request).catch(
      unreadable(name, relative(base, root)),
    );
    const sizeBytes = tree.entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.sizeBytes : 0), 0);
    return {
      name,
      source: formatLocation(input.from),
      treeDigest,
      files: paths.length,
      sizeBytes,
      labels: input.labels,
    };
  }
}

/** What changed between listing and reading is the caller's to know. */
const unreadable =
  (name: string, root: string) =>
  (error: unknown): never => {
    if (!(error instanceof TreeError)) throw error;
    throw new RpcError({
      status: "FAILED_PRECONDITION",
      reason: "INPUT_CHANGED",
      message: `input ${name} (${root}): ${error.message}`,
      mend: error.mend,
      cause: error,
    });
  };

const changed = (name: string, pinned: string, found: string): Problem => ({
  path: `spec.inputs.${name}.pin.digest`,
  line: 0,
  column: 0,
  reason: "INPUT_CHANGED",
  message: `the input's tree is ${found}, and ${pinned} is pinned`,
  mend: "restore the pinned content, or pin what is there now",
});
