import { createHash } from "node:crypto";
import type { ContentFile } from "./content-file.ts";
import { detectMediaType, SAMPLE_BYTES } from "./media-type.ts";

/** What is to be found out about a file, beside its media type; each needs the whole of it. */
export interface Wanted {
  readonly utf8: boolean;
  readonly digest: boolean;
}

export interface Findings {
  readonly mediaType: string;
  /** Offset of the piece in which the first byte that is not UTF-8 stands. */
  readonly invalidAt: number | undefined;
  /** `sha256:…`; empty where it was not wanted. */
  readonly digest: string;
}

/** Reads a file once, in pieces, and no further than needed. */
export async function inspectFile(file: ContentFile, wanted: Wanted): Promise<Findings> {
  const head: Uint8Array[] = [];
  const utf8 = wanted.utf8 ? new Utf8Check() : undefined;
  const hash = wanted.digest ? createHash("sha256") : undefined;
  let sampled = 0;
  for await (const piece of file.read()) {
    if (sampled < SAMPLE_BYTES) {
      head.push(piece);
      sampled += piece.length;
    }
    utf8?.add(piece);
    hash?.update(piece);
    const done = hash === undefined && (utf8 === undefined || utf8.invalidAt !== undefined);
    if (done && sampled >= SAMPLE_BYTES) break;
  }
  utf8?.end();
  const complete = sampled >= file.sizeBytes;
  return {
    mediaType: detectMediaType({ path: file.path, head: Buffer.concat(head), complete }),
    invalidAt: utf8?.invalidAt,
    digest: hash === undefined ? "" : `sha256:${hash.digest("hex")}`,
  };
}

class Utf8Check {
  invalidAt: number | undefined;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #offset = 0;

  add(piece: Uint8Array): void {
    this.#decode(piece);
    this.#offset += piece.length;
  }

  /** A text that ends within a character is not UTF-8. */
  end(): void {
    this.#decode(undefined);
  }

  #decode(piece: Uint8Array | undefined): void {
    if (this.invalidAt !== undefined) return;
    try {
      this.#decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      this.invalidAt = this.#offset;
    }
  }
}
