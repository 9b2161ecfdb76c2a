import type { Digest } from "./digest.ts";

/** What a store says about an object without reading it. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Changes with every write of the object; opaque; for `ifMatch`. */
  readonly etag: string;
  readonly modifiedAt: Date;
  /** Checksums that the store knows of the whole object without reading it again. `put` always answers with sha256. */
  readonly checksums: { readonly sha256?: Digest; readonly crc32c?: string; readonly md5?: string };
}

/** Bytes `start` up to and without `end`; without `end` to the object's end. A range beyond the object is INVALID_RANGE. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface GetOptions {
  readonly range?: ByteRange;
  readonly signal?: AbortSignal;
}

export interface ObjectContent {
  /** Of the whole object, also when a range was asked for. */
  readonly info: ObjectInfo;
  /** To be read once, to the end or left early; either frees what it holds. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface PutOptions {
  /** Create only: PRECONDITION_FAILED when there is an object. Of many writers at once exactly one wins. */
  readonly ifAbsent?: boolean;
  /** Replace only the version with this etag: PRECONDITION_FAILED when there is another one or none. */
  readonly ifMatch?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  /** Only keys after this one. */
  readonly startAfter?: string;
  readonly signal?: AbortSignal;
}

/**
 * Objects under keys, as S3, GCS, Azure Blob, R2 and a folder all can keep them.
 *
 * - A write is whole or not at all, and durable when `put` returns.
 * - A reader sees one version whole, also while it is being replaced.
 * - Keys are `/`-separated, well-formed Unicode; see {@link parseKey}.
 *
 * All methods throw {@link StorageError}. None retries: the caller's one retry layer does.
 */
export interface ObjectStore {
  /** For people and messages: a URL without secrets. */
  readonly location: string;
  /** @throws StorageError NOT_FOUND, INVALID_RANGE, ABORTED */
  get(key: string, options?: GetOptions): Promise<ObjectContent>;
  /** {@link get} into memory. */
  read(key: string, options?: GetOptions): Promise<Uint8Array>;
  /** @throws StorageError PRECONDITION_FAILED, NO_SPACE, ACCESS_DENIED, ABORTED */
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<ObjectInfo>;
  /** Undefined when there is no such object. */
  head(key: string, options?: { readonly signal?: AbortSignal }): Promise<ObjectInfo | undefined>;
  /** Objects whose key starts with `prefix` (any string, not only whole segments), in order of the keys' UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>;
  /** No error when there is no such object. */
  delete(key: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
