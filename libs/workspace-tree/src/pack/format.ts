import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { type Digest, digestHex, digestOf, isDigest } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";

/**
 * A pack is one immutable object:
 *
 *     magic "CFDPACK1" | chunk frames … | trailer | footer
 *
 * A frame is a chunk's zstd form, or its plain bytes where that is no smaller. The trailer is the zstd form of {@link PackTrailer}'s JSON. The footer
 * (48 bytes) holds the trailer's stored and plain length (uint32, big-endian), its SHA-256 and the magic "CFDTRAIL". The pack's
 * key ends with that SHA-256, so a trailer is checked against its name, and each chunk against its digest.
 */
export const PACK_MAGIC = Buffer.from("CFDPACK1");
const FOOTER_MAGIC = Buffer.from("CFDTRAIL");
export const FOOTER_BYTES = 48;
export const PACK_KIND = "cofferdam.pack/v1";

export const MAX_PACK_BYTES = 32 << 20;
export const MAX_PACK_CHUNKS = 8_192;
const MAX_TRAILER_BYTES = 64 << 20;

/** Where a chunk stands in its pack. `storedBytes === sizeBytes` means that it is stored plain. */
export interface ChunkFrame {
  readonly digest: Digest;
  readonly offset: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
}

/** A snapshot becomes visible with the pack that holds its record, together with what of its tree's description was new. */
export interface CommitRecord {
  readonly snapshot: Digest;
  readonly tree: Digest;
  /** The chunks of the tree's canonical JSON, in order. */
  readonly treeChunks: readonly Digest[];
  readonly parent: Digest | "";
  readonly log: string;
  readonly epoch: number;
  readonly label: string;
  readonly committedAt: string;
}

export interface PackTrailer {
  readonly chunks: readonly ChunkFrame[];
  readonly commit?: CommitRecord;
}

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** The stored form of a chunk. */
export function compress(plain: Uint8Array): Buffer {
  const packed = zstdCompressSync(plain, LEVEL);
  return packed.length < plain.byteLength ? packed : Buffer.from(plain);
}

/** The plain bytes of a frame, verified. @throws TreeError CORRUPT naming chunk and object. */
export function openFrame(frame: ChunkFrame, stored: Uint8Array, object: string): Uint8Array {
  const plain = frame.storedBytes === frame.sizeBytes ? stored : decompressed(frame, stored, object);
  if (plain.byteLength === frame.sizeBytes && digestOf(plain) === frame.digest) return plain;
  throw corruptChunk(frame, object);
}

function decompressed(frame: ChunkFrame, stored: Uint8Array, object: string): Uint8Array {
  try {
    return zstdDecompressSync(stored, { maxOutputLength: frame.sizeBytes });
  } catch (cause) {
    throw corruptChunk(frame, object, cause);
  }
}

const corruptChunk = (frame: ChunkFrame, object: string, cause?: unknown) =>
  new TreeError({
    code: "CORRUPT",
    message: `chunk ${frame.digest} in object ${object} at byte ${frame.offset} is damaged`,
    mend: "restore the object from a copy",
    cause,
  });

/** Trailer and footer in their stored form, and the hexadecimal digest that names the pack. */
export function encodeTrailer(trailer: PackTrailer): { readonly bytes: Buffer; readonly name: string } {
  const { chunks, commit } = trailer;
  const rows = chunks.map((c) => [c.digest, c.offset, c.storedBytes, c.sizeBytes]);
  const plain = Buffer.from(
    JSON.stringify({ kind: PACK_KIND, chunks: rows, ...(commit === undefined ? {} : { commit }) }),
  );
  const stored = zstdCompressSync(plain, LEVEL);
  const name = digestHex(digestOf(stored));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(stored.length, 0);
  lengths.writeUInt32BE(plain.length, 4);
  return { bytes: Buffer.concat([stored, lengths, Buffer.from(name, "hex"), FOOTER_MAGIC]), name };
}

export interface Footer {
  readonly storedBytes: number;
  readonly plainBytes: number;
  readonly name: string;
}

/** @throws TreeError CORRUPT */
export function parseFooter(footer: Uint8Array, object: string): Footer {
  const bytes = Buffer.from(footer);
  if (bytes.length !== FOOTER_BYTES || !bytes.subarray(40).equals(FOOTER_MAGIC))
    throw corruptPack(object, "has no footer");
  const name = bytes.toString("hex", 8, 40);
  if (!object.endsWith(name)) throw corruptPack(object, "has the footer of another pack");
  return { storedBytes: bytes.readUInt32BE(0), plainBytes: bytes.readUInt32BE(4), name };
}

/** @throws TreeError CORRUPT */
export function parseTrailer(footer: Footer, stored: Uint8Array, object: string): PackTrailer {
  if (digestHex(digestOf(stored)) !== footer.name) throw corruptPack(object, "has a damaged trailer");
  if (footer.plainBytes > MAX_TRAILER_BYTES) throw corruptPack(object, "has a trailer beyond all bounds");
  // What its name vouches for was written by encodeTrailer; the checks below guard against another version of it.
  const value: unknown = JSON.parse(
    zstdDecompressSync(stored, { maxOutputLength: footer.plainBytes }).toString("utf8"),
  );
  return trailerOf(value, object);
}

/** The trailer that a JSON value is. @throws TreeError CORRUPT */
export function trailerOf(value: unknown, object: string): PackTrailer {
  const { kind, chunks, commit } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (kind !== PACK_KIND || !Array.isArray(chunks)) throw corruptPack(object, `is no ${PACK_KIND}`);
  const frames = chunks.map((row: unknown) => frameOf(row, object));
  return commit === undefined ? { chunks: frames } : { chunks: frames, commit: commitOf(commit, object) };
}

function frameOf(row: unknown, object: string): ChunkFrame {
  const [digest, offset, storedBytes, sizeBytes] = Array.isArray(row) ? (row as unknown[]) : [];
  const known = typeof digest === "string" && isDigest(digest);
  if (known && isNatural(offset) && isNatural(storedBytes) && isNatural(sizeBytes)) {
    return { digest, offset, storedBytes, sizeBytes };
  }
  throw corruptPack(object, "lists a chunk that is none");
}

function commitOf(value: unknown, object: string): CommitRecord {
  const { snapshot, tree, treeChunks, parent, log, epoch, label, committedAt } = value as Record<string, unknown>;
  const digests = isDigestValue(snapshot) && isDigestValue(tree) && (parent === "" || isDigestValue(parent));
  const texts = typeof log === "string" && typeof label === "string" && typeof committedAt === "string";
  if (digests && texts && isNatural(epoch) && Array.isArray(treeChunks) && treeChunks.every(isDigestValue)) {
    return { snapshot, tree, treeChunks, parent, log, epoch, label, committedAt };
  }
  throw corruptPack(object, "holds a commit record that is none");
}

const isNatural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isDigestValue = (value: unknown): value is Digest => typeof value === "string" && isDigest(value);

export const corruptPack = (object: string, problem: string) =>
  new TreeError({ code: "CORRUPT", message: `object ${object} ${problem}`, mend: "restore the object from a copy" });
