/**
 * - `MALFORMED`: text or bytes are not in their format.
 * - `RANGE`: an index or size that the tree does not have.
 * - `MISSING`: a tile that the tree needs is not stored.
 * - `SIGNATURE`: a note is not signed by the key that was asked for, or its signature is wrong.
 * - `PROOF`: a proof does not lead to the root.
 * - `KEY`: a key file that cannot be used.
 */
export type TransparencyLogErrorCode = "MALFORMED" | "RANGE" | "MISSING" | "SIGNATURE" | "PROOF" | "KEY";

export class TransparencyLogError extends Error {
  override readonly name = "TransparencyLogError";
  readonly code: TransparencyLogErrorCode;

  constructor(code: TransparencyLogErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Whether a system call failed with one of these codes. Not by `instanceof`: test runners load Node in another realm. */
export const isSystemError = (error: unknown, ...codes: readonly string[]): boolean =>
  typeof error === "object" && error !== null && "code" in error && codes.some((code) => code === error.code);
