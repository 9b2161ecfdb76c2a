import { createHash } from "node:crypto";
import { CofferdamError } from "./errors.ts";

/** Passes the pieces on and compares their SHA-256 with the recorded digest at the end. */
export async function* verified(
  pieces: AsyncIterable<{ readonly data: Uint8Array }>,
  digest: string,
  path: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  try {
    for await (const { data } of pieces) {
      hash.update(data);
      yield data;
    }
  } catch (error) {
    throw CofferdamError.from(error);
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (found === digest) return;
  throw new CofferdamError({
    code: "PRECONDITION",
    reason: "OUTPUT_CHANGED",
    message: `${path} is no longer what the run published`,
    mend: "find out who changed it; the run's record names the digest that it had",
    metadata: { path, expected: digest, found },
  });
}
