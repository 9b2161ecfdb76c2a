import type { LineCounter } from "yaml";
import { dottedPath } from "./problem.ts";

export type Path = readonly PropertyKey[];

/** Where a value of a document stands in its text, as offsets; its children by key or index. */
export interface Place {
  key: number;
  value: number;
  readonly children: Map<PropertyKey, Place>;
}

export const newPlace = (key: number, value: number): Place => ({ key, value, children: new Map() });

/** Line and column, counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Offset of the value at a path, of its key, or of the key of its nearest parent that exists. */
export function offsetAt(root: Place, path: Path, at: "key" | "value"): number {
  let place = root;
  for (const segment of path) {
    const child = place.children.get(segment);
    if (child === undefined) return place.key;
    place = child;
  }
  return place[at];
}

/** The same by a path as problems write it. */
export function offsetAtDotted(root: Place, dotted: string): number {
  let nearest = { length: 0, offset: root.key };
  const visit = (place: Place, path: Path): void => {
    for (const [segment, child] of place.children) {
      const name = dottedPath([...path, segment]);
      if (name === dotted) nearest = { length: Number.POSITIVE_INFINITY, offset: child.value };
      const leads = dotted.startsWith(name) && /^[.[]/.test(dotted.slice(name.length));
      if (!leads) continue;
      if (name.length > nearest.length) nearest = { length: name.length, offset: child.key };
      visit(child, [...path, segment]);
    }
  };
  visit(root, []);
  return nearest.offset;
}
