import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { type ArchivedEvent, auditMessage, type LedgerFiles, type StateRecord } from "@cofferdam/evidence";
import { AUDIT, type Envelope, type Team } from "@cofferdam/run-log";
import type { Logger } from "@cofferdam/service";
import { inclusionProof } from "@cofferdam/transparency-log";

const CURSOR = "audit-cursor";
const CHUNK = 256;
const RETRY_MS = 500;

export interface AuditPublisherOptions {
  readonly nc: NatsConnection;
  readonly folder: string;
  readonly team: Team;
  readonly logger: Logger;
  readonly files: LedgerFiles;
  /** The newest committed state. */
  readonly state: () => StateRecord;
}

/**
 * Tells auditors of every event once it is under a signed checkpoint, in order, each exactly once: it goes on after the
 * last one that stream AUDIT holds, and the index is the message id, so that a repeated attempt is not stored twice.
 */
export class AuditPublisher {
  readonly #options: AuditPublisherOptions;
  #wake: () => void = () => undefined;

  constructor(options: AuditPublisherOptions) {
    this.#options = options;
  }

  /** Says that there may be more to publish. */
  notify(): void {
    this.#wake();
  }

  /** Publishes until aborted. JetStream not answering delays it, and nothing else. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      try {
        await this.#publishFrom(await this.#next(), signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.warn({ err: error }, "audit messages could not be published; trying again");
        await sleep(RETRY_MS);
      }
    }
  }

  async #publishFrom(first: number, signal: AbortSignal): Promise<void> {
    const { nc, files, state, folder } = this.#options;
    const js = jetstream(nc);
    let next = first;
    while (!signal.aborted) {
      const { size, checkpoint } = state();
      if (next >= size) {
        await this.#more(() => state().size > next || signal.aborted);
        continue;
      }
      const nodes = files.nodes(size);
      for await (const event of files.events(next, Math.min(size, next + CHUNK))) {
        const proof = await inclusionProof(nodes, event.index, size);
        await this.#publish(js, event, { index: event.index, size, checkpoint, proof });
        next = event.index + 1;
        if (signal.aborted) return;
      }
      await writeFile(join(folder, CURSOR), `${next}\n`);
    }
  }

  async #publish(js: JetStreamClient, event: ArchivedEvent, place: Parameters<typeof auditMessage>[1]): Promise<void> {
    const { team } = this.#options;
    // Its own archive line, whose form was checked when it was taken in.
    const envelope = JSON.parse(Buffer.from(event.envelope).toString()) as Envelope;
    const subject = `cofferdam.${team}.audit.${envelope.type.replace(/^cofferdam\./, "")}`;
    const message = JSON.stringify(auditMessage(envelope, place));
    await js.publish(subject, message, { msgID: `${team}/${place.index}`, timeout: 5_000 });
  }

  /** The index after the last message in the stream; the cursor file only where the stream holds none. */
  async #next(): Promise<number> {
    const { nc, team, folder } = this.#options;
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    const last = await jsm.streams.getMessage(AUDIT, { last_by_subj: `cofferdam.${team}.audit.>` });
    if (last !== null) return indexOf(last.data) + 1;
    const cursor = Number((await readFile(join(folder, CURSOR), "utf8").catch(() => "0")).trim());
    return Number.isSafeInteger(cursor) && cursor <= this.#options.state().size ? cursor : 0;
  }

  async #more(ready: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (!ready()) await promise;
  }
}

function indexOf(data: Uint8Array): number {
  const message: unknown = JSON.parse(Buffer.from(data).toString());
  const index = typeof message === "object" && message !== null && "ledgerindex" in message && message.ledgerindex;
  if (typeof index !== "number") throw new TypeError("the last message of stream AUDIT carries no ledger index");
  return index;
}
