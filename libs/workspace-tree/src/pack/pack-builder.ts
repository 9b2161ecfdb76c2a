import type { Digest } from "@cofferdam/storage";
import {
  type ChunkFrame,
  type CommitRecord,
  compress,
  encodeTrailer,
  MAX_PACK_BYTES,
  MAX_PACK_CHUNKS,
  PACK_MAGIC,
  type PackTrailer,
} from "./format.ts";

export interface BuiltPack {
  /** What its key ends with. */
  readonly name: string;
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly trailer: PackTrailer;
}

/** Collects chunks until they make a pack. */
export class PackBuilder {
  readonly #parts: Uint8Array[] = [PACK_MAGIC];
  readonly #chunks: ChunkFrame[] = [];
  readonly #digests = new Set<Digest>();
  #sizeBytes = PACK_MAGIC.length;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  get isFull(): boolean {
    return this.#sizeBytes >= MAX_PACK_BYTES || this.#chunks.length >= MAX_PACK_CHUNKS;
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  has(digest: Digest): boolean {
    return this.#digests.has(digest);
  }

  /** Adds a chunk whose digest was checked. */
  add(digest: Digest, plain: Uint8Array): void {
    const stored = compress(plain);
    this.#chunks.push({
      digest,
      offset: this.#sizeBytes,
      storedBytes: stored.length,
      sizeBytes: plain.byteLength,
    });
    this.#digests.add(digest);
    this.#parts.push(stored);
    this.#sizeBytes += stored.length;
  }

  build(commit?: CommitRecord): BuiltPack {
    const trailer = { chunks: this.#chunks, ...(commit === undefined ? {} : { commit }) };
    const { bytes, name } = encodeTrailer(trailer);
    return { name, parts: [...this.#parts, bytes], sizeBytes: this.#sizeBytes + bytes.length, trailer };
  }
}
