import { itemEvents } from "../api/response-events.ts";
import { derivedId, type ModelRequest, requestDigest } from "../api/request.ts";
import { reasonOf, ScriptedModelError } from "../errors.ts";
import type { JsonObject } from "../program/conversation.ts";
import type { AnswerSource, PreparedAnswer } from "./answer-source.ts";
import { beforeFirstToken, chunkLength, type Latency, pace } from "./latency.ts";
import { ResponseRecord } from "./response-record.ts";
import type { StatsCounter } from "./stats.ts";

/** Finished responses kept for `GET /responses/{id}`, and the bytes of their requests; the oldest go first. */
const MAX_KEPT = 10_000;
const MAX_KEPT_BYTES = 256 * 1024 * 1024;

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

const isUsable = ({ response }: ResponseRecord): boolean =>
  response.status !== "cancelled" && response.status !== "failed";

const keyReused = (key: string): ScriptedModelError =>
  new ScriptedModelError({
    code: "invalid_request",
    message: `Idempotency-Key '${key.slice(0, 80)}' was used for another request.`,
  });

/** Makes responses and keeps them. Generation does not depend on anybody reading. */
export class Responses {
  readonly #source: AnswerSource;
  readonly #latency: Latency;
  readonly #stats: StatsCounter;
  readonly #records = new Map<string, ResponseRecord>();
  readonly #servings = new Map<string, number>();
  readonly #byKey = new Map<string, Promise<ResponseRecord>>();
  #keptBytes = 0;

  constructor(source: AnswerSource, latency: Latency, stats: StatsCounter) {
    this.#source = source;
    this.#latency = latency;
    this.#stats = stats;
  }

  /**
   * Begins a response. The answer's items have ids cut from the digest, so they are the same each time; the response
   * id counts how often the request came, for a request sent twice is two responses.
   *
   * @param sizeBytes Of the request's body: what keeping it costs.
   * @param key Value of `Idempotency-Key`: the same request under the same key is the same response, unless that one was
   * cancelled or has failed.
   */
  async create(sent: ModelRequest, sizeBytes: number, key?: string): Promise<ResponseRecord> {
    const request = this.#withHistory(sent);
    const digest = requestDigest(request);
    if (key === undefined) return this.#begin(request, digest, sizeBytes);
    const earlier = this.#byKey.get(key);
    const before = earlier === undefined ? undefined : await earlier.catch(() => undefined);
    if (before !== undefined && before.digest !== digest) throw keyReused(key);
    if (before !== undefined && isUsable(before) && this.#records.has(before.response.id)) return before;
    const begun = this.#begin(request, digest, sizeBytes);
    this.#byKey.delete(key);
    this.#byKey.set(key, begun);
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size <= MAX_KEPT) break;
      this.#byKey.delete(oldest);
    }
    return begun;
  }

  async #begin(request: ModelRequest, digest: string, sizeBytes: number): Promise<ResponseRecord> {
    const prepared = await this.#source.prepare(request, digest);
    const serving = (this.#servings.get(digest) ?? 0) + 1;
    this.#servings.set(digest, serving);
    const id = derivedId("resp", digest, ...(serving === 1 ? [] : [serving]));
    const record = new ResponseRecord(id, digest, { ...request, model: prepared.modelName }, nowSeconds(), sizeBytes);
    this.#keep(record);
    this.#stats.count("started", digest, request.metadata);
    void this.#generate(record, prepared);
    return record;
  }

  /** @throws ScriptedModelError `response_not_found` */
  get(id: string): ResponseRecord {
    const record = this.#records.get(id);
    if (record === undefined || !record.request.store) {
      throw new ScriptedModelError({
        code: "response_not_found",
        message: `Response with id '${id}' not found.`,
        param: "id",
      });
    }
    return record;
  }

  cancel(record: ResponseRecord): void {
    if (record.final) return;
    this.#stats.count("cancelled", record.digest, record.request.metadata);
    record.end({ status: "cancelled" }, nowSeconds());
  }

  delete(id: string): void {
    const record = this.get(id);
    this.cancel(record);
    this.#drop(record);
  }

  async #generate(record: ResponseRecord, prepared: PreparedAnswer): Promise<void> {
    const { signal } = record.abort;
    const { metadata } = record.request;
    try {
      record.start();
      await beforeFirstToken(this.#latency, signal);
      const { output, usage } = await prepared.generate();
      for (const { event, tokens } of itemEvents(output, chunkLength(this.#latency))) {
        await pace(this.#latency, tokens, signal);
        if (record.final) return;
        record.add(event);
      }
      this.#stats.count("completed", record.digest, metadata);
      record.end({ status: "completed", output, usage }, nowSeconds());
    } catch (error) {
      if (record.final) return;
      this.#stats.count("failed", record.digest, metadata);
      record.end({ status: "failed", message: reasonOf(error) }, nowSeconds());
    }
  }

  #keep(record: ResponseRecord): void {
    this.#records.set(record.response.id, record);
    this.#keptBytes += record.sizeBytes;
    for (const old of this.#records.values()) {
      if (this.#records.size <= MAX_KEPT && this.#keptBytes <= MAX_KEPT_BYTES) return;
      if (old.final) this.#drop(old);
    }
  }

  #drop(record: ResponseRecord): void {
    if (this.#records.delete(record.response.id)) this.#keptBytes -= record.sizeBytes;
  }

  /** `previous_response_id` stands for that response's input and output. */
  #withHistory(request: ModelRequest): ModelRequest {
    if (request.previousResponseId === null) return request;
    const previous = this.get(request.previousResponseId);
    const output = previous.response.output as unknown as readonly JsonObject[];
    return { ...request, input: [...previous.request.input, ...output, ...request.input] };
  }
}
