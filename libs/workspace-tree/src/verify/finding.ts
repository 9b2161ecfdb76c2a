import type { Digest } from "@cofferdam/storage";
import type { TreePath } from "../tree/path.ts";

/** One difference between what a store promises and what it holds. */
export interface Finding {
  readonly code:
    /** A pack or index object cannot be read as what it is. A damaged index object costs time at a start, nothing else. */
    | "DAMAGED_OBJECT"
    | "DAMAGED_CHUNK"
    | "MISSING_CHUNK"
    | "MISSING_SNAPSHOT"
    | "MISSING_PARENT"
    /** The description of a workspace is damaged or no tree. */
    | "BAD_TREE"
    /** A file's chunks do not make up the digest that its tree records. */
    | "WRONG_FILE"
    /** Sum for one snapshot: which paths cannot be restored. All others can. */
    | "DAMAGED_SNAPSHOT";
  readonly message: string;
  /** Key of the object. */
  readonly object?: string;
  /** Of the chunk, file, tree or snapshot. */
  readonly digest?: Digest;
  /** At most {@link MAX_PATHS}. */
  readonly paths?: readonly TreePath[];
}

export const MAX_PATHS = 100;
