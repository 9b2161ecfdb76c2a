import type { TreePath } from "../tree/path.ts";
import type { DirectoryHandle } from "./directory-handle.ts";

/** Open directories below a root, the last used few: entries come in order, so most lie where the one before lay. */
export class FolderCache implements Disposable {
  readonly #root: DirectoryHandle;
  readonly #limit: number;
  readonly #open = new Map<TreePath | "", DirectoryHandle>();

  constructor(root: DirectoryHandle, limit = 64) {
    this.#root = root;
    this.#limit = limit;
  }

  /** Valid until the next call. */
  get(path: TreePath | "" | undefined): DirectoryHandle {
    const key = path ?? "";
    const handle = this.#open.get(key) ?? this.#root.openBelow(key);
    this.#open.delete(key);
    this.#open.set(key, handle);
    for (const [oldest, unused] of this.#open) {
      if (this.#open.size <= this.#limit) break;
      this.#open.delete(oldest);
      unused[Symbol.dispose]();
    }
    return handle;
  }

  [Symbol.dispose](): void {
    for (const handle of this.#open.values()) handle[Symbol.dispose]();
    this.#open.clear();
  }
}
