/**
 * - `DAMAGED`: what the ledger stored is not what it signed; it does not start.
 * - `IN_USE`: another process has the same folder.
 * - `DIVERGED`: the run log is not the one that was recorded; see {@link Divergence}.
 */
export type LedgerErrorCode = "DAMAGED" | "IN_USE" | "DIVERGED";

export class LedgerError extends Error {
  override readonly name = "LedgerError";
  readonly code: LedgerErrorCode;
  /** What an operator can do. */
  readonly mend: string;

  constructor(code: LedgerErrorCode, message: string, mend: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.mend = mend;
  }
}

/**
 * - `gap`: messages are missing from the middle of the stream.
 * - `rewind`: the stream ends before what was recorded.
 * - `fork`: a recorded message is another one now.
 * - `unreadable`: an event of a type that this version does not know continues a log.
 */
export type DivergenceKind = "gap" | "rewind" | "fork" | "unreadable";

/** The ledger stops for good until a person has looked: it never goes on from a run log that it cannot vouch for. */
export class Divergence extends LedgerError {
  readonly kind: DivergenceKind;
  /** Sequence in the stream at which it shows. */
  readonly sequence: number;

  constructor(kind: DivergenceKind, sequence: number, message: string) {
    const mend =
      kind === "unreadable"
        ? "run a ledger of the version that wrote the event"
        : "compare stream RUNS with the ledger's archive; restore the stream, then restart the ledger";
    super("DIVERGED", message, mend);
    this.kind = kind;
    this.sequence = sequence;
  }
}
