import {
  CHECKPOINT_PATH,
  encodeArchiveLine,
  LedgerFiles,
  openStateRecord,
  signStateRecord,
  type StateRecord,
  STATE_PATH,
} from "@cofferdam/evidence";
import type { Team } from "@cofferdam/run-log";
import {
  CompactRange,
  EMPTY_ROOT,
  FileTileStore,
  leafHash,
  type NoteSigner,
  signCheckpoint,
  TILE_WIDTH,
  type TileId,
  TileWriter,
} from "@cofferdam/transparency-log";
import type { Batch } from "../domain/sequencer.ts";
import { ArchiveFile } from "./archive-file.ts";
import { damaged, partialsOf, recover } from "./recovery.ts";

export interface LedgerStoreOptions {
  readonly folder: string;
  readonly signer: NoteSigner;
  readonly team: Team;
  readonly stream: string;
}

/**
 * The ledger's files. A commit writes the archive and the tiles, then replaces the state record, which is the commit
 * point, then publishes the checkpoint that the record holds. What a crash leaves beyond the record is removed at the
 * next start.
 */
export class LedgerStore {
  readonly files: LedgerFiles;
  readonly #options: LedgerStoreOptions;
  readonly #tiles: FileTileStore;
  readonly #tree: TileWriter;
  readonly #archive: ArchiveFile;
  readonly #archiveTree: CompactRange;
  #state: StateRecord;

  private constructor(
    options: LedgerStoreOptions,
    tiles: FileTileStore,
    tree: TileWriter,
    archive: ArchiveFile,
    state: StateRecord,
  ) {
    this.#options = options;
    this.#tiles = tiles;
    this.#tree = tree;
    this.#archive = archive;
    this.#state = state;
    this.#archiveTree = archiveTreeOf(state);
    this.files = new LedgerFiles(tiles);
  }

  /** Throws LedgerError `DAMAGED` where the folder holds something else than what was signed. */
  static async open(options: LedgerStoreOptions): Promise<LedgerStore> {
    const { folder, signer } = options;
    const tiles = new FileTileStore(folder);
    const note = await tiles.read(STATE_PATH);
    const state = note === undefined ? await begin(tiles, options) : open(note, options);
    await recover(tiles, state, signer);
    const tree = await TileWriter.open(tiles, state.size);
    const archive = await ArchiveFile.open(folder, state.size);
    const store = new LedgerStore(options, tiles, tree, archive, state);
    await store.#checkEnd();
    return store;
  }

  get state(): StateRecord {
    return this.#state;
  }

  /** Returns when the batch is committed and its checkpoint published. After an error the store must be opened anew. */
  async commit(batch: Batch): Promise<void> {
    const { size, lastSequence, lastMessage } = batch.position;
    const lines = batch.events.map(({ index, sequence, bytes }) =>
      encodeArchiveLine({ index, sequence, envelope: bytes }),
    );
    const grown = this.#tree.append(batch.events.map((event) => event.leaf));
    for (const line of lines) this.#archiveTree.append(leafHash(line));
    await Promise.all([this.#archive.append(lines), this.#tiles.write(grown.files)]);
    const checkpoint =
      batch.events.length === 0
        ? this.#state.checkpoint
        : signCheckpoint({ origin: this.#options.signer.name, size, root: grown.root }, this.#options.signer);
    const state: StateRecord = {
      ...this.#state,
      firstSequence: batch.firstSequence,
      lastSequence,
      lastMessage,
      size,
      archive: this.#archiveTree.hashes.map(toBase64),
      checkpoint,
    };
    await this.#tiles.write(new Map([[STATE_PATH, Buffer.from(signStateRecord(state, this.#options.signer))]]));
    this.#state = state;
    if (batch.events.length > 0) await this.#tiles.write(new Map([[CHECKPOINT_PATH, Buffer.from(checkpoint)]]));
    await this.#removePartials(grown.completed);
  }

  async #removePartials(completed: readonly TileId[]): Promise<void> {
    for (const id of completed) await this.#tiles.remove(await partialsOf(this.#tiles, id));
  }

  /** The last bundle of the archive must be what the last tile says. */
  async #checkEnd(): Promise<void> {
    const { size } = this.#state;
    const first = size - (size % TILE_WIDTH);
    if (first === size) return;
    const entries = await this.files.entries(first / TILE_WIDTH, size);
    entries.forEach((entry, i) => {
      const leaf = this.#tree.unfinishedLeaves[i];
      if (leaf === undefined || Buffer.compare(leaf, leafHash(entry)) !== 0) {
        throw damaged(`entry ${first + i} is not the one whose hash the tree holds`);
      }
    });
  }
}

function open(note: Uint8Array, { signer, team, stream }: LedgerStoreOptions): StateRecord {
  let state: StateRecord;
  try {
    state = openStateRecord(Buffer.from(note).toString(), signer);
  } catch (error) {
    throw damaged("the state record cannot be read with the ledger's key", error);
  }
  if (state.team !== team || state.stream !== stream) {
    throw damaged(`the folder is the ledger of team ${state.team} and stream ${state.stream}`);
  }
  return state;
}

/** A ledger begins with a signed checkpoint over nothing, so that there is one at any time. */
async function begin(tiles: FileTileStore, { signer, team, stream }: LedgerStoreOptions): Promise<StateRecord> {
  if ((await tiles.read(CHECKPOINT_PATH)) !== undefined) throw damaged("there is a checkpoint but no state record");
  const state: StateRecord = {
    version: 1,
    team,
    stream,
    firstSequence: 0,
    lastSequence: 0,
    lastMessage: "",
    size: 0,
    archive: [],
    checkpoint: signCheckpoint({ origin: signer.name, size: 0, root: EMPTY_ROOT }, signer),
  };
  await tiles.write(new Map([[STATE_PATH, Buffer.from(signStateRecord(state, signer))]]));
  return state;
}

const archiveTreeOf = ({ size, archive }: StateRecord): CompactRange =>
  new CompactRange(
    size,
    archive.map((text) => Buffer.from(text, "base64")),
  );

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
