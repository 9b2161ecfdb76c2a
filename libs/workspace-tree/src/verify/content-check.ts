import { createHash } from "node:crypto";
import { type Digest, type ObjectStore, StorageError } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";
import type { Catalog } from "../pack/catalog.ts";
import { readChunks } from "../pack/chunk-reader.ts";
import { chunksOf, type FileContent } from "../tree/tree.ts";
import type { Finding } from "./finding.ts";

/** Reads chunks and files of a store and says what is wrong with them; each chunk and file once. */
export class ContentCheck {
  readonly #store: ObjectStore;
  readonly #catalog: Catalog;
  readonly #chunks = new Map<Digest, Finding | undefined>();
  readonly #files = new Map<Digest, readonly Finding[]>();

  constructor(store: ObjectStore, catalog: Catalog) {
    this.#store = store;
    this.#catalog = catalog;
  }

  /** Undefined when the chunk is whole. */
  async chunk(digest: Digest): Promise<Finding | undefined> {
    if (!this.#chunks.has(digest)) this.#chunks.set(digest, await this.#readChunk(digest));
    return this.#chunks.get(digest);
  }

  /** Empty when the file is whole. */
  async file(content: FileContent): Promise<readonly Finding[]> {
    const known = this.#files.get(content.digest);
    if (known !== undefined) return known;
    const findings = await this.#checkFile(content);
    this.#files.set(content.digest, findings);
    return findings;
  }

  async #checkFile(content: FileContent): Promise<Finding[]> {
    const digests = chunksOf(content).map((chunk) => chunk.digest);
    const findings: Finding[] = [];
    for (const digest of new Set(digests)) {
      const finding = await this.chunk(digest);
      if (finding !== undefined) findings.push(finding);
    }
    if (findings.length > 0 || content.chunks === undefined) return findings;
    const whole = createHash("sha256");
    for await (const { data } of readChunks(this.#store, this.#catalog, digests)) whole.update(data);
    const found = `sha256:${whole.digest("hex")}`;
    if (found === content.digest) return findings;
    const message = `a file recorded as ${content.digest} is made of chunks that hold ${found}`;
    return [{ code: "WRONG_FILE", message, digest: content.digest }];
  }

  async #readChunk(digest: Digest): Promise<Finding | undefined> {
    const location = this.#catalog.chunk(digest);
    if (location === undefined) {
      return { code: "MISSING_CHUNK", message: `chunk ${digest} is in no readable object`, digest };
    }
    try {
      for await (const chunk of readChunks(this.#store, this.#catalog, [digest])) if (chunk.digest !== digest) break;
      return undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { code: "DAMAGED_CHUNK", message: error.message, object: location.pack, digest };
    }
  }
}

/** That the store cannot be reached is not damage. */
export const isDamage = (error: unknown): error is TreeError | StorageError =>
  (error instanceof TreeError && ["CORRUPT", "NOT_FOUND", "INVALID_TREE", "INVALID_PATH"].includes(error.code)) ||
  (error instanceof StorageError && ["NOT_FOUND", "INVALID_RANGE", "CORRUPT"].includes(error.code));
