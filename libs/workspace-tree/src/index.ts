export * from "./chunk/fast-cdc.ts";
export * from "./errors.ts";
export * from "./files/materialize.ts";
export { scan, type Scan, type ScanOptions, type Skipped } from "./files/scan.ts";
export * from "./files/select-files.ts";
export { StatCache } from "./files/stat-cache.ts";
export * from "./tree/canonical.ts";
export * from "./tree/diff.ts";
export {
  bytesOfText,
  comparePaths,
  isWithin,
  nameOf,
  parentOf,
  parseTreePath,
  textOfBytes,
  treePath,
  type TreePath,
} from "./tree/path.ts";
export * from "./tree/select.ts";
export * from "./tree/tree.ts";
export * from "./tree/validate.ts";
export * from "./transfer/pull.ts";
export * from "./transfer/push.ts";
export { downloadChunks, fetchTree, type FetchedTree, type SnapshotClient } from "./transfer/snapshot-client.ts";
export { Catalog, type ChunkLocation } from "./pack/catalog.ts";
export { type ReadChunk, readChunks } from "./pack/chunk-reader.ts";
export type { CommitRecord, PackTrailer } from "./pack/format.ts";
export { type IndexedPack, loadCatalog, type LoadedCatalog, packKey, writeIndex } from "./pack/load-catalog.ts";
export { type BuiltPack, PackBuilder } from "./pack/pack-builder.ts";
export { readTree, type StoredTree } from "./pack/read-tree.ts";
export type { Finding } from "./verify/finding.ts";
export { checkStore, snapshotVerifier, verifySnapshot } from "./verify/verify-snapshot.ts";
