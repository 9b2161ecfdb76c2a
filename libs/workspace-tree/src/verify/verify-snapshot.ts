import type { Digest, ObjectStore } from "@cofferdam/storage";
import type { Catalog } from "../pack/catalog.ts";
import { PACK_MAGIC } from "../pack/format.ts";
import { loadCatalog } from "../pack/load-catalog.ts";
import { readTree } from "../pack/read-tree.ts";
import { parseTree, snapshotDigest } from "../tree/canonical.ts";
import type { TreePath } from "../tree/path.ts";
import type { Tree } from "../tree/tree.ts";
import { ContentCheck, isDamage } from "./content-check.ts";
import { type Finding, MAX_PATHS } from "./finding.ts";

/**
 * Reads everything that a snapshot or tree names and compares it with the digests, without any running service. Nothing found means: it
 * can be restored byte for byte.
 *
 * @param store the object store that the snapshot store was given (`fileStore(dataDir)`).
 */
export async function* verifySnapshot(store: ObjectStore, digest: Digest): AsyncGenerator<Finding> {
  const verify = await snapshotVerifier(store);
  yield* verify(digest);
}

/** {@link verifySnapshot} for many snapshots: the catalog is read once, and so is each chunk that they share. */
export async function snapshotVerifier(store: ObjectStore): Promise<(digest: Digest) => AsyncGenerator<Finding>> {
  const { catalog } = await loadCatalog(store);
  const check = new ContentCheck(store, catalog);
  return (digest) => verifyIn(store, catalog, check, digest);
}

/**
 * Checks a whole store, object by object and snapshot by snapshot: damaged objects and chunks, and which paths of which snapshots they touch.
 */
export async function* checkStore(store: ObjectStore): AsyncGenerator<Finding> {
  const { catalog } = await loadCatalog(store);
  for (const [object, message] of catalog.damaged) yield { code: "DAMAGED_OBJECT", message, object };
  for (const object of catalog.packs()) {
    const start = await store.read(object, { range: { start: 0, end: PACK_MAGIC.length } });
    if (!PACK_MAGIC.equals(start)) yield { code: "DAMAGED_OBJECT", message: `object ${object} has no header`, object };
  }
  const check = new ContentCheck(store, catalog);
  const reported = new Set<Finding>();
  for (const { digest } of catalog.chunks()) {
    const finding = await check.chunk(digest);
    if (finding === undefined) continue;
    reported.add(finding);
    yield finding;
  }
  for (const { snapshot } of catalog.snapshots()) {
    for await (const finding of verifyIn(store, catalog, check, snapshot)) {
      if (reported.has(finding)) continue;
      reported.add(finding);
      yield finding;
    }
  }
}

async function* verifyIn(
  store: ObjectStore,
  catalog: Catalog,
  check: ContentCheck,
  digest: Digest,
): AsyncGenerator<Finding> {
  const commit = catalog.snapshot(digest);
  if (commit === undefined && catalog.tree(digest) === undefined) {
    yield { code: "MISSING_SNAPSHOT", message: `${digest} is no snapshot or tree of ${store.location}`, digest };
    return;
  }
  if (commit !== undefined) {
    if (snapshotDigest(commit.tree, commit.parent) !== digest) {
      yield { code: "BAD_TREE", message: `the record of snapshot ${digest} names another tree or parent`, digest };
    }
    if (commit.parent !== "" && catalog.snapshot(commit.parent) === undefined) {
      yield { code: "MISSING_PARENT", message: `parent ${commit.parent} of snapshot ${digest} is missing`, digest };
    }
  }
  const tree = await treeOf(store, catalog, digest);
  if ("code" in tree) yield tree;
  else yield* verifyFiles(check, digest, tree);
}

async function treeOf(store: ObjectStore, catalog: Catalog, digest: Digest): Promise<Tree | Finding> {
  try {
    return parseTree((await readTree(store, catalog, digest)).bytes);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { code: "BAD_TREE", message: `the description of ${digest} cannot be read: ${error.message}`, digest };
  }
}

async function* verifyFiles(check: ContentCheck, digest: Digest, tree: Tree): AsyncGenerator<Finding> {
  const paths: TreePath[] = [];
  const reported = new Set<Finding>();
  let files = 0;
  for (const entry of tree.entries) {
    if (entry.type !== "file") continue;
    files++;
    const findings = await check.file(entry);
    if (findings.length > 0) paths.push(entry.path);
    for (const finding of findings) {
      if (!reported.has(finding)) yield finding;
      reported.add(finding);
    }
  }
  if (paths.length === 0) return;
  yield {
    code: "DAMAGED_SNAPSHOT",
    message: `${paths.length} of ${files} files of ${digest} cannot be restored; the others can`,
    digest,
    paths: paths.slice(0, MAX_PATHS),
  };
}
