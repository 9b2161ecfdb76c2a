/**
 * - `MALFORMED`: a record, an archive line or an audit message is not in its format.
 * - `UNPROVEN`: a proof, digest or signature does not hold.
 */
export type EvidenceErrorCode = "MALFORMED" | "UNPROVEN";

export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  readonly code: EvidenceErrorCode;

  constructor(code: EvidenceErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
