import type { events } from "@cofferdam/contracts";
import type { BlobStore } from "@cofferdam/storage";
import { decodeLink, RequestChainError, type RequestHead, type RequestItem } from "../../domain/request-chain.ts";

interface Resolved {
  readonly head: RequestHead;
  readonly input: readonly object[];
}

/** Longest chain that is followed: more turns than any task may take. */
const MAX_LINKS = 100_000;

/** Turns a stored request back into what is sent. Keeps the newest link of each chain, so that a next turn reads one blob. */
export class RequestResolver {
  readonly #blobs: BlobStore;
  readonly #recent = new Map<string, Resolved>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  async resolve(last: events.BlobRef): Promise<Resolved> {
    const pending: (readonly RequestItem[])[] = [];
    let ref: events.BlobRef | undefined = last;
    let base: Resolved | undefined;
    for (let n = 0; base === undefined; n++) {
      if (ref === undefined || n > MAX_LINKS)
        throw new RequestChainError("a chain of model requests has no first link");
      const known = this.#recent.get(ref.digest);
      if (known !== undefined) {
        base = known;
        if (n > 0) this.#recent.delete(ref.digest);
        break;
      }
      const link = decodeLink(await this.#blobs.get(ref));
      pending.push(link.append);
      if (link.head !== undefined) base = { head: link.head, input: [] };
      ref = link.previous;
    }
    const input = [...base.input];
    for (const items of pending.toReversed()) for (const item of items) input.push(...(await this.#expand(item)));
    const resolved = { head: base.head, input };
    this.#remember(last.digest, resolved);
    return resolved;
  }

  async #expand(item: RequestItem): Promise<readonly object[]> {
    if ("item" in item) return [item.item];
    const response: unknown = JSON.parse(Buffer.from(await this.#blobs.get(item.response)).toString("utf8"));
    if (
      typeof response !== "object" ||
      response === null ||
      !("output" in response) ||
      !Array.isArray(response.output)
    ) {
      throw new RequestChainError("a stored response has no output");
    }
    return response.output;
  }

  #remember(digest: string, resolved: Resolved): void {
    this.#recent.set(digest, resolved);
    const oldest = this.#recent.keys().next().value;
    if (this.#recent.size > 256 && oldest !== undefined) this.#recent.delete(oldest);
  }
}
