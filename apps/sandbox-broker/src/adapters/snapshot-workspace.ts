import { snapshot } from "@cofferdam/contracts";
import { type Address, connect } from "@cofferdam/service";
import {
  diffTrees,
  fetchTree,
  parseTreePath,
  pullTree,
  pushTree,
  type SnapshotClient,
  type StatCache,
  type Tree,
  treePath,
} from "@cofferdam/workspace-tree";
import type { RestoreRequest, StoredWorkspace, StoreRequest, WorkspaceStore } from "../domain/workspace-store.ts";

/** What a folder held when it was last restored or stored. */
interface Known {
  readonly digest: string;
  readonly tree: Tree;
  readonly cache: StatCache;
}

const TREE_TIMEOUT_MS = 600_000;

/** Workspaces as trees of the snapshot store. A folder's unchanged files are read once. */
export class SnapshotWorkspaceStore implements WorkspaceStore {
  readonly #client: SnapshotClient;
  readonly #team: string;
  readonly #known = new Map<string, Known>();

  constructor(client: SnapshotClient, team: string) {
    this.#client = client;
    this.#team = team;
  }

  async restore({ digest, into, owner, paths }: RestoreRequest): Promise<void> {
    const { tree, cache } = await pullTree(this.#client, {
      team: this.#team,
      digest,
      dir: into,
      uid: owner.uid,
      gid: owner.gid,
      signal: AbortSignal.timeout(TREE_TIMEOUT_MS),
      ...(paths.length === 0 ? {} : { paths: paths.map((path) => parseTreePath(path)) }),
    });
    this.#known.set(into, { digest, tree, cache });
  }

  async store(request: StoreRequest): Promise<StoredWorkspace> {
    const { root, exclude, parentDigest, log, epoch, label } = request;
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TREE_TIMEOUT_MS)]);
    const known = this.#known.get(root);
    const before = await this.#treeOf(parentDigest, known, signal);
    const pushed = await pushTree(this.#client, {
      team: this.#team,
      root,
      exclude: exclude.map((name) => treePath(name)),
      parent: parentDigest,
      log,
      epoch,
      label,
      signal,
      ...(known === undefined ? {} : { previous: known.cache }),
    });
    const { snapshotDigest, treeDigest, tree, cache, sentBytes } = pushed;
    this.#known.set(root, { digest: snapshotDigest, tree, cache });
    return { snapshotDigest, treeDigest, storedBytes: sentBytes, ...diffTrees(before, tree) };
  }

  forget(root: string): void {
    this.#known.delete(root);
  }

  close(): void {
    this.#client.close();
  }

  async #treeOf(digest: string, known: Known | undefined, signal: AbortSignal): Promise<Tree> {
    if (digest === "") return { entries: [] };
    if (known?.digest === digest) return known.tree;
    return (await fetchTree(this.#client, { team: this.#team, digest, signal })).tree;
  }
}

export const connectWorkspaceStore = (address: Address, team: string): SnapshotWorkspaceStore =>
  new SnapshotWorkspaceStore(connect(snapshot.SnapshotServiceClient, address), team);
