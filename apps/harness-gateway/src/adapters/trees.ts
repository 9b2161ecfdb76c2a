import type { ContentFile } from "@cofferdam/manifest";
import { sha256 } from "@cofferdam/run-log";
import { rpc, RpcError } from "@cofferdam/service";
import {
  chunksOf,
  downloadChunks,
  encodeTree,
  fetchTree,
  type FileEntry,
  selectEntries,
  type SnapshotClient,
  type Tree,
} from "@cofferdam/workspace-tree";
import { fileNames } from "../domain/file-names.ts";
import { patiently } from "./patience.ts";

/** Chunks that are asked for at once. */
const CHUNKS_PER_REQUEST = 64;

/** Files of a tree or snapshot, sorted by the bytes of their paths; content is fetched when it is read. */
export async function listFiles(
  client: SnapshotClient,
  team: string,
  digest: string,
  signal: AbortSignal,
): Promise<ContentFile[]> {
  const tree = await getTree(client, team, digest, signal);
  return fileNames(tree).map(({ path, file }) => ({
    path,
    sizeBytes: file.sizeBytes,
    read: () => readContent(client, team, file, signal),
  }));
}

const getTree = (client: SnapshotClient, team: string, digest: string, signal: AbortSignal): Promise<Tree> =>
  patiently(async () => (await fetchTree(client, { team, digest, signal })).tree, signal);

async function* readContent(
  client: SnapshotClient,
  team: string,
  file: FileEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const digests = chunksOf(file).map((chunk) => chunk.digest);
  for (let at = 0; at < digests.length; at += CHUNKS_PER_REQUEST) {
    const wanted = digests.slice(at, at + CHUNKS_PER_REQUEST);
    const got = new Map<string, Uint8Array>();
    for await (const { digest, data } of downloadChunks(client, team, wanted, signal)) got.set(digest, data);
    for (const digest of wanted) yield verified(got.get(digest), digest);
  }
}

function verified(data: Uint8Array | undefined, digest: string): Uint8Array {
  if (data !== undefined && sha256(data) === digest) return data;
  throw new RpcError({
    status: "DATA_LOSS",
    reason: "CORRUPT",
    message: `the snapshot store ${data === undefined ? "did not send" : "sent other bytes than those of"} chunk ${digest}`,
    mend: "verify the snapshot store",
  });
}

export interface Selection {
  readonly team: string;
  /** Of the tree or snapshot to select from. */
  readonly digest: string;
  /** Places to keep, with what lies below them; those that do not exist are passed over. */
  readonly places: readonly string[];
  /** Who asks, and its epoch. */
  readonly log: string;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/** Commits the part of a tree that is at the given places; returns its digest. No content moves. */
export async function selectTree(client: SnapshotClient, selection: Selection): Promise<string> {
  const { team, digest, places, log, epoch, signal } = selection;
  const whole = await getTree(client, team, digest, signal);
  const found = whole.entries.map(({ path }) => path).filter((path) => places.includes(path));
  const tree = encodeTree({ entries: selectEntries(whole, found) });
  const request = { team, tree, parentDigest: "", label: "outputs", log, epoch };
  const { treeDigest } = await patiently(
    () => rpc(client.commit.bind(client), request, { timeoutMs: 60_000, signal }),
    signal,
  );
  return treeDigest;
}
