import type { Problem } from "./problem.ts";

/** A file that content can be read from, wherever it is kept. */
export interface ContentFile {
  /** Relative to its root, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The bytes from the first on; each call reads anew. */
  read(): AsyncIterable<Uint8Array>;
}

export interface SelectedFile extends ContentFile {
  /** Where the bytes are on this machine: absolute, without links. */
  readonly absolutePath: string;
}

export interface Selection {
  /** Sorted by the bytes of the path. Empty where there are problems. */
  readonly files: readonly SelectedFile[];
  readonly sizeBytes: number;
  /** Problems of the selection, at `spec.inputs.<name>…`; their place in the text is 0. */
  readonly problems: readonly Problem[];
}
