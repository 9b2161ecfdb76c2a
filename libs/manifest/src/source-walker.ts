import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { ProblemReason } from "./problem.ts";
import { newPlace, type Path, type Place } from "./source-place.ts";

/** Bounds that keep hostile text from costing more than its size. */
export const MAX_DEPTH = 64;
const MAX_ALIASES = 64;
const MAX_NODES = 50_000;

/** Takes a problem at an offset of the text. */
export type SourceReport = (offset: number, path: Path, reason: ProblemReason, message: string, mend: string) => void;

/** Turns nodes into plain data, noting where each stands. */
export class SourceWalker {
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #report: SourceReport;
  #aliases = 0;
  #nodes = 0;
  #exhausted = false;

  constructor(report: SourceReport) {
    this.#report = report;
  }

  value(node: Node | null, path: Path, place: Place): unknown {
    if (node === null || this.#refuses(node, path)) return null;
    if (isAlias(node)) return this.#alias(node.source, node, path, place);
    if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, node);
    if (isMap<Node, Node | null>(node)) return this.#within(node, () => this.#map(node.items, path, place));
    if (isSeq<Node | null>(node)) return this.#within(node, () => this.#sequence(node.items, path, place));
    return isScalar(node) ? plainScalar(node.value) : null;
  }

  /** Whether a bound is reached: reported once, and everything beyond is left out. */
  #refuses(node: Node, path: Path): boolean {
    if (this.#exhausted) return true;
    const why = path.length > MAX_DEPTH ? `nested deeper than ${MAX_DEPTH} levels` : undefined;
    const bound = ++this.#nodes > MAX_NODES ? `more than ${MAX_NODES} values` : why;
    if (bound === undefined) return false;
    this.#exhausted = true;
    this.#report(node.range?.[0] ?? 0, path, "TOO_LARGE", `the manifest has ${bound}`, "make it smaller");
    return true;
  }

  #within<T>(node: Node, read: () => T): T {
    this.#open.add(node);
    try {
      return read();
    } finally {
      this.#open.delete(node);
    }
  }

  #alias(name: string, node: Node, path: Path, place: Place): unknown {
    const target = this.#anchors.get(name);
    const offset = node.range?.[0] ?? 0;
    if (++this.#aliases > MAX_ALIASES) {
      this.#exhausted = true;
      this.#report(
        offset,
        path,
        "TOO_LARGE",
        `the manifest expands more than ${MAX_ALIASES} aliases`,
        "write the values out",
      );
      return null;
    }
    if (target === undefined || this.#open.has(target)) {
      this.#report(offset, path, "SYNTAX", `alias *${name} names nothing that stands before it`, "write the value out");
      return null;
    }
    return this.value(target, path, place);
  }

  #map(items: readonly Pair<Node, Node | null>[], path: Path, place: Place): unknown {
    const result = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of items) {
      const offset = key?.range?.[0] ?? place.value;
      const name = isScalar(key) ? keyText(key.value) : undefined;
      if (name === undefined) {
        this.#report(offset, path, "WRONG_TYPE", "a key is not text", "write a plain name");
        continue;
      }
      const at = [...path, name];
      if (place.children.has(name)) {
        this.#report(
          offset,
          at,
          "DUPLICATE_KEY",
          `${JSON.stringify(name)} stands here a second time`,
          "keep one of them",
        );
        continue;
      }
      if (name === "__proto__") {
        this.#report(offset, at, "INVALID_NAME", `"__proto__" cannot be a name`, "choose another");
        continue;
      }
      const child = newPlace(offset, value?.range?.[0] ?? offset);
      place.children.set(name, child);
      result[name] = this.value(value, at, child);
    }
    return result;
  }

  #sequence(items: readonly (Node | null)[], path: Path, place: Place): unknown {
    return items.map((item, index) => {
      const offset = item?.range?.[0] ?? place.value;
      const child = newPlace(offset, offset);
      place.children.set(index, child);
      return this.value(item, [...path, index], child);
    });
  }
}

/** A key as text: `on`, `2024` and the like are names too. */
function keyText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? `${value}` : undefined;
}

function plainScalar(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
