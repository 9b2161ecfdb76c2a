import { type Digest, digestOf } from "@cofferdam/storage";
import { TreeError } from "../errors.ts";

/** The bytes, if they are those that the digest names. @throws TreeError CORRUPT */
export function verifiedChunk(digest: Digest, sizeBytes: number, data: Uint8Array): Uint8Array {
  if (data.byteLength === sizeBytes && digestOf(data) === digest) return data;
  throw new TreeError({
    code: "CORRUPT",
    message: `chunk ${digest}: what came instead has ${data.byteLength} bytes and digest ${digestOf(data)}`,
    mend: "verify the snapshot store",
  });
}
