import { type Digest, digestOf, type ObjectStore } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import type { Catalog } from "./catalog.ts";
import { readChunks } from "./chunk-reader.ts";

export interface StoredTree {
  /** Canonical JSON, verified against the digest. */
  readonly bytes: Buffer;
  readonly treeDigest: Digest;
  readonly parentDigest: Digest | "";
}

/**
 * The tree of a snapshot or tree digest.
 *
 * @throws TreeError NOT_FOUND; CORRUPT
 */
export async function readTree(store: ObjectStore, catalog: Catalog, digest: Digest): Promise<StoredTree> {
  const commit = catalog.snapshot(digest);
  const treeDigest = commit?.tree ?? digest;
  const recipe = catalog.tree(treeDigest);
  if (recipe === undefined) throw unknown(catalog, digest);
  const parts: Uint8Array[] = [];
  for await (const { data } of readChunks(store, catalog, recipe)) parts.push(data);
  const bytes = Buffer.concat(parts);
  if (digestOf(bytes) === treeDigest) return { bytes, treeDigest, parentDigest: commit?.parent ?? "" };
  throw new TreeError({ code: "CORRUPT", message: `tree ${treeDigest}: its chunks do not make it up` });
}

function unknown(catalog: Catalog, digest: Digest): TreeError {
  const [damaged] = catalog.damaged.keys();
  if (damaged === undefined) {
    return new TreeError({ code: "NOT_FOUND", message: `no snapshot or tree ${digest}`, mend: "check the digest" });
  }
  return new TreeError({
    code: "CORRUPT",
    message: `snapshot or tree ${digest} is in no readable object; ${damaged} is damaged`,
    mend: "restore the object from a copy",
  });
}
