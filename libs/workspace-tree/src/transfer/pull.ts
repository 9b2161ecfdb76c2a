import { materialize, type MaterializeOptions } from "../files/materialize.ts";
import type { StatCache } from "../files/stat-cache.ts";
import { downloadChunks, fetchTree, type FetchedTree, type SnapshotClient } from "./snapshot-client.ts";

export interface PullRequest extends MaterializeOptions {
  readonly team: string;
  /** Of a snapshot or a tree. */
  readonly digest: string;
  /** Absent or empty. */
  readonly dir: string;
}

export interface Pulled extends FetchedTree {
  /** For the first push of the directory. */
  readonly cache: StatCache;
}

/**
 * Restores a snapshot or tree into a directory. Tree and chunks are verified against the digest that was asked for.
 *
 * @throws RpcError (NOT_FOUND, DATA_LOSS with reason CORRUPT); TreeError
 */
export async function pullTree(client: SnapshotClient, request: PullRequest): Promise<Pulled> {
  const { team, dir, signal } = request;
  const fetched = await fetchTree(client, request);
  const cache = await materialize(
    fetched.tree,
    dir,
    (digests) => downloadChunks(client, team, digests, signal),
    request,
  );
  return { ...fetched, cache };
}
