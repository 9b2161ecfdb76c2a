import { createHash } from "node:crypto";
import { RunId } from "@cofferdam/run-log";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The run that an idempotency key starts: the key decides the id, so that two requests with one key meet at one log,
 * whatever gateway they reach. 80 bits in Crockford's base 32, after an `r`.
 */
export function runIdOf(team: string, idempotencyKey: string): RunId {
  const hash = createHash("sha256").update(`${team}\0${idempotencyKey}`).digest();
  return RunId(`r${[...hash.subarray(0, 16)].map((byte) => alphabet[byte & 31] ?? "").join("")}`);
}
