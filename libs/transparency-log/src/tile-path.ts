import { TransparencyLogError } from "./errors.ts";

/** Levels of the tree in one tile, hence {@link TILE_WIDTH} hashes in a full one (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 256;

/** `entries` for a bundle of log entries, or the level of a tile of hashes, from 0 at the leaves. */
export type TileLevel = number | "entries";

/** A tile by place and width: `width` of {@link TILE_WIDTH} is a full one, less is partial. */
export interface TileId {
  readonly level: TileLevel;
  readonly index: number;
  readonly width: number;
}

/** Highest tile level that a tree of 2^53 leaves can have. */
const MAX_LEVEL = 6;

/** C2SP tlog-tiles: `x001/x234/067`, groups of three digits, all but the last with an `x`. */
export function groupedIndex(index: number): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new TransparencyLogError("RANGE", `${index} is not an index`);
  const groups = [];
  for (let rest = index; ; rest = Math.floor(rest / 1000)) {
    groups.unshift(`${groups.length === 0 ? "" : "x"}${String(rest % 1000).padStart(3, "0")}`);
    if (rest < 1000) return groups.join("/");
  }
}

/** Reads what {@link groupedIndex} writes; undefined for anything else, another spelling of the same number included. */
export function parseGroupedIndex(text: string): number | undefined {
  if (!/^(?:x\d{3}\/)*\d{3}$/.test(text)) return undefined;
  const index = Number(text.replaceAll(/[x/]/g, ""));
  return Number.isSafeInteger(index) && groupedIndex(index) === text ? index : undefined;
}

/** `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`. */
export function tilePath({ level, index, width }: TileId): string {
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new TransparencyLogError("RANGE", `tile width ${width} is not between 1 and ${TILE_WIDTH}`);
  }
  return `tile/${level}/${groupedIndex(index)}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

export function parseTilePath(path: string): TileId | undefined {
  const match = /^tile\/(entries|\d)\/([x\d/]+)(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (!match?.[1] || !match[2]) return undefined;
  const index = parseGroupedIndex(match[2]);
  const level: TileLevel = match[1] === "entries" ? "entries" : Number(match[1]);
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  if (index === undefined || (level !== "entries" && level > MAX_LEVEL) || width < 1 || width > TILE_WIDTH) {
    return undefined;
  }
  const id: TileId = { level, index, width };
  return tilePath(id) === path ? id : undefined;
}

/** How many hashes a tree of `size` leaves has at a tile level; entries count like level 0. */
export function countAt(level: TileLevel, size: number): number {
  return level === "entries" ? size : Math.floor(size / TILE_WIDTH ** level);
}

/** Every tile that a tree of `size` leaves consists of, entries first, then hashes from the leaves up. */
export function* tilesOf(size: number): Generator<TileId> {
  const levels: TileLevel[] = ["entries", 0];
  for (let level = 1; countAt(level, size) > 0; level++) levels.push(level);
  for (const level of levels) {
    const count = countAt(level, size);
    for (let index = 0; index * TILE_WIDTH < count; index++) {
      yield { level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) };
    }
  }
}
