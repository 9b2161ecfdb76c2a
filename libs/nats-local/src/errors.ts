/** What can go wrong with the local server; stable, for machines. */
export type NatsLocalErrorCode =
  | "NATS_NOT_FOUND"
  | "NATS_TOO_OLD"
  | "NATS_PORT_IN_USE"
  | "NATS_STORE_IN_USE"
  | "NATS_START_FAILED"
  | "NATS_UNREACHABLE"
  | "NATS_REFUSED";

/** Every failure of this package: what was being done, what was wrong with what, and the mend. */
export class NatsLocalError extends Error {
  override readonly name = "NatsLocalError";
  readonly code: NatsLocalErrorCode;
  /** What a person can do about it. */
  readonly mend: string;

  constructor(code: NatsLocalErrorCode, message: string, mend: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.mend = mend;
  }
}
