import { Digest, digestOf, isDigest } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import { parseTreePath } from "./path.ts";
import { type ChunkRef, DEFAULT_LIMITS, type Tree, type TreeEntry, type TreeLimits } from "./tree.ts";
import { validateTree } from "./validate.ts";

export const TREE_KIND = "cofferdam.tree/v1";
export const SNAPSHOT_KIND = "cofferdam.snapshot/v1";

/** The canonical JSON (RFC 8785) of a tree: its members are written in order, and it holds no number but safe integers. */
export function encodeTree(tree: Tree): Buffer {
  return Buffer.from(`{"entries":[${tree.entries.map(encodeEntry).join(",")}],"kind":"${TREE_KIND}"}`);
}

function encodeEntry(entry: TreeEntry): string {
  const { path, type } = entry;
  switch (entry.type) {
    case "directory":
      return JSON.stringify({ mode: entry.mode, mtimeUs: entry.mtimeUs, path, type });
    case "file": {
      const { digest, mode, mtimeUs, sizeBytes } = entry;
      if (entry.chunks === undefined) return JSON.stringify({ digest, mode, mtimeUs, path, sizeBytes, type });
      const chunks = entry.chunks.map((chunk) => ({ digest: chunk.digest, sizeBytes: chunk.sizeBytes }));
      return JSON.stringify({ chunks, digest, mode, mtimeUs, path, sizeBytes, type });
    }
    case "symlink":
      return JSON.stringify({ mtimeUs: entry.mtimeUs, path, target: entry.target, type });
    case "hardlink":
      return JSON.stringify({ path, target: entry.target, type });
  }
}

export const treeDigest = (tree: Tree): Digest => digestOf(encodeTree(tree));

/** A snapshot is the digest of its tree's and its parent's; without parent, "". */
export const snapshotDigest = (tree: Digest, parent: Digest | ""): Digest =>
  digestOf(Buffer.from(JSON.stringify({ kind: SNAPSHOT_KIND, parent, tree })));

/**
 * Reads a tree from outside: exactly the canonical form of a valid tree, or an error.
 *
 * @throws TreeError INVALID_TREE, INVALID_PATH, LIMIT_EXCEEDED
 */
export function parseTree(bytes: Uint8Array, limits: TreeLimits = DEFAULT_LIMITS): Tree {
  const document = members(parseJson(bytes), "the tree");
  if (document["kind"] !== TREE_KIND) throw invalid(`its kind is not ${TREE_KIND}`);
  const entries = document["entries"];
  if (!Array.isArray(entries)) throw invalid("it has no entries");
  if (entries.length > limits.maxEntries) {
    throw new TreeError({
      code: "LIMIT_EXCEEDED",
      message: `tree: ${entries.length} entries exceed ${limits.maxEntries}`,
    });
  }
  const tree = { entries: entries.map(parseEntry) };
  validateTree(tree, limits);
  if (!encodeTree(tree).equals(bytes)) throw invalid("it is not in canonical form");
  return tree;
}

function parseEntry(value: unknown): TreeEntry {
  const entry = members(value, "an entry");
  const path = parseTreePath(text(entry, "path"));
  const type = text(entry, "type");
  switch (type) {
    case "directory":
      return { type, path, mode: number(entry, "mode"), mtimeUs: number(entry, "mtimeUs") };
    case "file": {
      const file = {
        type,
        path,
        mode: number(entry, "mode"),
        mtimeUs: number(entry, "mtimeUs"),
        sizeBytes: number(entry, "sizeBytes"),
        digest: digestMember(entry),
      } as const;
      return entry["chunks"] === undefined ? file : { ...file, chunks: parseChunks(entry["chunks"]) };
    }
    case "symlink":
      return { type, path, mtimeUs: number(entry, "mtimeUs"), target: text(entry, "target") };
    case "hardlink":
      return { type, path, target: parseTreePath(text(entry, "target")) };
    default:
      throw invalid(`entry ${JSON.stringify(path)} has the unknown type ${JSON.stringify(type)}`);
  }
}

function parseChunks(value: unknown): ChunkRef[] {
  if (!Array.isArray(value)) throw invalid("chunks are no list");
  return value.map((item) => {
    const chunk = members(item, "a chunk");
    return { digest: digestMember(chunk), sizeBytes: number(chunk, "sizeBytes") };
  });
}

type Members = Readonly<Record<string, unknown>>;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new TreeError({ code: "INVALID_TREE", message: "tree: it is not JSON", cause });
  }
}

function members(value: unknown, what: string): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw invalid(`${what} is no object`);
}

function text(from: Members, name: string): string {
  const value = from[name];
  if (typeof value === "string") return value;
  throw invalid(`member ${name} is no string`);
}

function number(from: Members, name: string): number {
  const value = from[name];
  if (typeof value === "number") return value;
  throw invalid(`member ${name} is no number`);
}

function digestMember(from: Members): Digest {
  const value = text(from, "digest");
  if (isDigest(value)) return value;
  throw invalid("a digest has another form than sha256:<64 hex digits>");
}

const invalid = (problem: string) => new TreeError({ code: "INVALID_TREE", message: `tree: ${problem}` });
