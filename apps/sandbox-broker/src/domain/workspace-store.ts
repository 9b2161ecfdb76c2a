import type { Owner } from "@cofferdam/sandbox-provider";

export interface RestoreRequest {
  /** Of a snapshot or a tree. */
  readonly digest: string;
  /** Existing empty folder on the trusted side. */
  readonly into: string;
  /** Only these paths and what lies below them; all if empty. */
  readonly paths: readonly string[];
  readonly owner: Owner;
}

export interface StoreRequest {
  readonly root: string;
  /** Names directly below the root that are left out. */
  readonly exclude: readonly string[];
  /** Snapshot before this one; empty if none. */
  readonly parentDigest: string;
  readonly log: string;
  readonly epoch: number;
  readonly label: string;
  readonly signal: AbortSignal;
}

export interface StoredWorkspace {
  readonly snapshotDigest: string;
  readonly treeDigest: string;
  readonly storedBytes: number;
  /** Paths against the parent, sorted. */
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

/** Where workspaces come from and go to. */
export interface WorkspaceStore {
  restore(request: RestoreRequest): Promise<void>;
  store(request: StoreRequest): Promise<StoredWorkspace>;
  /** Drops what it remembers of a folder that is no more. */
  forget(folder: string): void;
}
