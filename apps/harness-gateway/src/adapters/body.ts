import type { events } from "@cofferdam/contracts";
import type { BlobStore } from "@cofferdam/storage";

/** Bodies above this go to the blob store. */
const INLINE_BYTES = 16 << 10;

/** Text as it stands in an event: inline when small, else a blob that is durable when this returns. */
export async function storeBody(
  blobs: BlobStore,
  text: string,
  mediaType = "text/plain; charset=utf-8",
): Promise<events.Body> {
  if (Buffer.byteLength(text) <= INLINE_BYTES) return { body: { $case: "inline", value: text } };
  return { body: { $case: "blob", value: await blobs.put(Buffer.from(text), mediaType) } };
}

export async function loadBody(blobs: BlobStore, body: events.Body | undefined): Promise<string> {
  if (body?.body?.$case === "blob") return Buffer.from(await blobs.get(body.body.value)).toString("utf8");
  return body?.body?.value ?? "";
}
