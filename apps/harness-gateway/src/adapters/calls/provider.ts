import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import type { ResponseStreamEvent, ResponseCreateParamsStreaming } from "openai/resources/responses/responses";
import { isReasoningModel, type ModelConfig } from "../../domain/model-config.ts";
import type { RequestHead } from "../../domain/request-chain.ts";
import { connectionProblem, shownUrl, withoutKey } from "./model-server-problem.ts";

export type { ResponseStreamEvent };

/** Why a provider did not answer, in the three kinds that a caller can act on. */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
  /** `refused`: not accepted, may be sent again. `lost`: the link broke. `terminal`: the request itself is wrong. */
  readonly kind: "refused" | "lost" | "terminal";
  readonly retryAfterMs: number | undefined;

  constructor(kind: ProviderError["kind"], message: string, retryAfterMs?: number, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The Responses API through the provider's own client. Its retries are off: they live in the call service only. */
export class Provider {
  readonly #client: OpenAI;
  readonly #config: ModelConfig;

  constructor(config: ModelConfig) {
    this.#config = config;
    this.#client = new OpenAI({
      baseURL: config.baseUrl,
      apiKey: config.apiKey,
      maxRetries: 0,
      timeout: 600_000,
      logLevel: "off",
    });
  }

  create(callId: string, head: RequestHead, input: readonly object[], signal: AbortSignal) {
    const { background } = this.#config;
    const body = {
      model: head.model,
      instructions: head.instructions,
      tools: head.tools,
      input,
      store: background,
      background,
      stream: true,
      metadata: { cofferdam_call_id: callId },
      ...(isReasoningModel(head.model) ? { include: ["reasoning.encrypted_content"] } : {}),
    };
    const headers = { "Idempotency-Key": callId };
    // The stored items came from this API and go back to it unchanged; their types are the provider's to know.
    return this.#stream(() =>
      this.#client.responses
        .create(body as unknown as ResponseCreateParamsStreaming, { signal, headers })
        .withResponse(),
    );
  }

  /** Continues a background response after the event with this sequence number. */
  resume(responseId: string, after: number | undefined, signal: AbortSignal) {
    const from = after === undefined ? {} : { starting_after: after };
    return this.#stream(() =>
      this.#client.responses.retrieve(responseId, { stream: true, ...from }, { signal }).withResponse(),
    );
  }

  /** What a server says, as it may be recorded and shown: servers quote the key that they were sent. */
  shown(text: string): string {
    return withoutKey(text, this.#config.apiKey).slice(0, 500);
  }

  async *#stream(open: () => Promise<Opened>): AsyncGenerator<ResponseStreamEvent> {
    try {
      const { data, response } = await open();
      this.#requireEvents(response);
      yield* data;
    } catch (error) {
      throw this.#classify(error);
    }
  }

  /** A login page or a plain document answered with 200 would look like an answer that broke off, and be asked for again. */
  #requireEvents(response: Response): void {
    const type = response.headers.get("content-type") ?? "";
    if (!/^(?:text\/html|application\/json)\b/i.test(type)) return;
    const message = `${this.#server} answered ${response.status} with ${this.shown(type)} instead of a stream of events: is it a Responses API?`;
    throw new ProviderError("terminal", message);
  }

  #classify(error: unknown): unknown {
    if (error instanceof APIUserAbortError || error instanceof ProviderError) return error;
    if (error instanceof APIConnectionError)
      return new ProviderError("lost", `${this.#server} ${this.shown(connectionProblem(error))}`, undefined, error);
    if (error instanceof APIError && typeof error.status === "number") {
      // The client puts the status before the server's words.
      const words = this.shown(error.message.replace(`${error.status} `, ""));
      const retry = error.status === 408 || error.status === 409 || error.status === 429 || error.status >= 500;
      const message = `${this.#server} answered ${error.status}: ${words}`;
      return new ProviderError(retry ? "refused" : "terminal", message, retryAfter(error), error);
    }
    return new ProviderError("lost", "the model's answer broke off", undefined, error);
  }

  get #server(): string {
    return this.#config.kind === "scripted" ? "the model server" : `the model server ${shownUrl(this.#config.baseUrl)}`;
  }
}

/** A stream of events, and the answer that it is read from. */
interface Opened {
  readonly data: AsyncIterable<ResponseStreamEvent>;
  readonly response: Response;
}

/** RFC 9110, Retry-After: seconds, or a date. */
function retryAfter(error: APIError): number | undefined {
  const text = error.headers?.get("retry-after");
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 120_000) : undefined;
}
