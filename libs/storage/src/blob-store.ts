import type { events } from "@cofferdam/contracts";
import { type Digest, digestHex, digestOf, isDigest } from "./digest.ts";
import { isStorageError, StorageError } from "./errors.ts";
import type { ObjectStore } from "./object-store.ts";

/** Content-addressed bodies: what events name by digest instead of carrying it. */
export interface BlobStore {
  /** Durable when it returns. The same bytes twice are one object. */
  put(bytes: Uint8Array, mediaType: string, options?: { readonly signal?: AbortSignal }): Promise<events.BlobRef>;
  /** @throws StorageError NOT_FOUND; CORRUPT when the stored bytes are not those that the digest names. */
  get(ref: Pick<events.BlobRef, "digest">, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  has(ref: Pick<events.BlobRef, "digest">, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
}

/**
 * Blobs at `<prefix>sha256/<first two hex digits>/<the other 62>` in a store.
 *
 * @example
 * const blobs = createBlobStore(fileStore("/var/lib/team/objects"), "blobs/");
 * const ref = await blobs.put(Buffer.from("{}"), "application/json");
 */
export function createBlobStore(store: ObjectStore, prefix = "blobs/"): BlobStore {
  const keyOf = (digest: Digest) => {
    const hex = digestHex(digest);
    return `${prefix}sha256/${hex.slice(0, 2)}/${hex.slice(2)}`;
  };
  return {
    async put(bytes, mediaType, options = {}) {
      const digest = digestOf(bytes);
      try {
        await store.put(keyOf(digest), bytes, { ...options, ifAbsent: true });
      } catch (error) {
        // Somebody stored it before: an object that is there is durable, and content-addressed bytes never change.
        if (!isStorageError(error, "PRECONDITION_FAILED")) throw error;
      }
      return { digest, sizeBytes: bytes.byteLength, mediaType };
    },
    async get(ref, options = {}) {
      const digest = checked(ref.digest);
      const bytes = await store.read(keyOf(digest), options);
      const found = digestOf(bytes);
      if (found === digest) return bytes;
      throw new StorageError({
        code: "CORRUPT",
        message: `blob ${digest} at ${store.location}: the stored ${bytes.byteLength} bytes have digest ${found}`,
        mend: `restore object ${keyOf(digest)} from a copy`,
      });
    },
    async has(ref, options = {}) {
      return (await store.head(keyOf(checked(ref.digest)), options)) !== undefined;
    },
  };
}

function checked(digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw new StorageError({ code: "INVALID_KEY", message: `blob ${JSON.stringify(digest)} is no sha256 digest` });
}
