import {
  CompactRange,
  countAt,
  encodeEntries,
  type Hash,
  leafHash,
  parseTilePath,
  rootOfPerfect,
  sameHash,
  TILE_WIDTH,
  type TileId,
  tilePath,
  type TileReader,
} from "@cofferdam/transparency-log";
import { archivePath } from "./archive-line.ts";
import type { Findings } from "./finding.ts";
import { readStored, type VerifiedEntry, verifyBundle } from "./verify-bundle.ts";
import type { Head } from "./verify-head.ts";

export interface TreeChecked {
  readonly entries: number;
  readonly events: number;
  readonly tiles: number;
}

/**
 * Recomputes the whole tree from its leaves, as trusting any stored hash would leave room for a changed one, and compares
 * every tile, every bundle and the root. `take` gets what could be read, bundle by bundle, in order.
 */
export async function verifyTree(
  store: TileReader,
  head: Head,
  listed: readonly string[],
  findings: Findings,
  take: (entries: readonly VerifiedEntry[]) => void,
): Promise<TreeChecked> {
  const size = head.state?.size ?? head.checkpoint?.size ?? 0;
  const forms = formsByTile(listed);
  const tree = new CompactRange();
  const archive = new ArchiveTree();
  let rows: Hash[] = [];
  let [tiles, events, broken] = [0, 0, false];
  for (let bundle = 0; bundle * TILE_WIDTH < size; bundle++) {
    const width = Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH);
    const verified = await verifyBundle(store, bundle, width, findings);
    const hashes = verified.flatMap(({ hash }) => hash ?? []);
    const leaves = verified.flatMap(({ leaf }) => leaf ?? []);
    for (const hash of hashes) tree.append(hash);
    archive.add(verified);
    broken ||= hashes.length < width;
    events += verified.filter(({ event }) => event !== undefined).length;
    tiles += 2;
    if (hashes.length === width) {
      tiles += await compareForms(
        store,
        forms,
        { level: 0, index: bundle, width },
        (n) => Buffer.concat(hashes.slice(0, n)),
        findings,
      );
      if (width === TILE_WIDTH) rows.push(rootOfPerfect(hashes));
    }
    if (leaves.length === width) {
      const id = { level: "entries", index: bundle, width } as const;
      tiles += await compareForms(store, forms, id, (n) => encodeEntries(leaves.slice(0, n)), findings);
    }
    take(verified);
  }
  if (broken) findings.add("tile", "tile", "the tree cannot be recomputed: some leaves are lost in every copy");
  if (broken) rows = [];
  for (let level = 1; rows.length > 0; level++) {
    const [count, above] = await verifyLevel(store, level, rows, forms, findings);
    tiles += count;
    rows = above;
  }
  if (!broken) compareRoot(head, tree, findings);
  archive.compare(head, findings);
  return { entries: size, events, tiles };
}

async function verifyLevel(
  store: TileReader,
  level: number,
  row: readonly Hash[],
  forms: ReadonlyMap<string, readonly TileId[]>,
  findings: Findings,
): Promise<[number, Hash[]]> {
  const above: Hash[] = [];
  let count = 0;
  for (let index = 0; index * TILE_WIDTH < row.length; index++) {
    const hashes = row.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH);
    const id = { level, index, width: hashes.length };
    const expected = (n: number) => Buffer.concat(hashes.slice(0, n));
    const stored = await readStored(store, level, index, hashes.length);
    if (stored === undefined) findings.add("tile", tilePath(id), "missing");
    else compareBytes(stored.path, stored.bytes, stored.width, hashes.length, expected, findings);
    count += 1 + (await compareForms(store, forms, id, expected, findings));
    if (hashes.length === TILE_WIDTH) above.push(rootOfPerfect(hashes));
  }
  return [count, above];
}

/** Other widths of a tile that are stored too: partial ones that older checkpoints need. Each must be what it was. */
async function compareForms(
  store: TileReader,
  forms: ReadonlyMap<string, readonly TileId[]>,
  id: TileId,
  expected: (width: number) => Uint8Array,
  findings: Findings,
): Promise<number> {
  let count = 0;
  for (const form of forms.get(tileKey(id)) ?? []) {
    if (form.width >= id.width) continue;
    const bytes = await store.read(tilePath(form));
    if (bytes === undefined) continue;
    compareBytes(tilePath(form), bytes, form.width, id.width, expected, findings);
    count++;
  }
  return count;
}

function compareBytes(
  path: string,
  bytes: Uint8Array,
  width: number,
  known: number,
  expected: (width: number) => Uint8Array,
  findings: Findings,
): void {
  const want = expected(Math.min(width, known));
  // A wider form than the tree that is verified was written meanwhile: its beginning must be the same.
  const same = width > known ? Buffer.compare(bytes.subarray(0, want.length), want) : Buffer.compare(bytes, want);
  if (same !== 0) findings.add(path.startsWith("tile/entries") ? "entry" : "tile", path, "is not what the leaves give");
}

function compareRoot({ state, checkpoint }: Head, tree: CompactRange, findings: Findings): void {
  if (checkpoint === undefined || (state !== undefined && checkpoint.size !== state.size)) return;
  if (sameHash(checkpoint.root, tree.root())) return;
  findings.add("checkpoint", "checkpoint", `the ${tree.size} leaves do not lead to the signed root`);
}

/** The tree over the lines of the archive, which the state record binds: it covers the stream sequences too. */
class ArchiveTree {
  readonly #tree = new CompactRange();

  add(entries: readonly VerifiedEntry[]): void {
    for (const { line } of entries) this.#tree.append(leafHash(line ?? Buffer.of()));
  }

  compare({ state }: Head, findings: Findings): void {
    if (state === undefined) return;
    let first = 0;
    let rest = state.size;
    this.#tree.hashes.forEach((hash, i) => {
      const width = 2 ** Math.floor(Math.log2(rest));
      if (Buffer.from(hash).toString("base64") !== state.archive[i]) {
        const [from, to] = [
          archivePath(Math.floor(first / TILE_WIDTH)),
          archivePath(Math.floor((first + width - 1) / TILE_WIDTH)),
        ];
        const place = from === to ? from : `${from} to ${to}`;
        findings.add(
          "event",
          place,
          `lines ${first} to ${first + width - 1} are not those that the state record binds`,
        );
      }
      first += width;
      rest -= width;
    });
  }
}

const tileKey = ({ level, index }: TileId): string => `${level}/${index}`;

function formsByTile(paths: readonly string[]): ReadonlyMap<string, readonly TileId[]> {
  const forms = new Map<string, TileId[]>();
  for (const path of paths) {
    const id = parseTilePath(path);
    if (id === undefined) continue;
    const known = forms.get(tileKey(id));
    if (known === undefined) forms.set(tileKey(id), [id]);
    else known.push(id);
  }
  return forms;
}

/** Whether a tile belongs to a tree larger than `size`. */
export const isTileBeyond = ({ level, index, width }: TileId, size: number): boolean =>
  index * TILE_WIDTH + width > countAt(level, size);
