import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from "openai";
import type { ResponseStreamEvent, ResponseCreateParamsStreaming } from "openai/resources/responses/responses";
import { isReasoningModel, type ModelConfig } from "../../domain/model-config.ts";
import type { RequestHead } from "../../domain/request-chain.ts";

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
    // The stored items came from this API and go back to it unchanged; their types are the provider's to know.
    return this.#stream(() =>
      this.#client.responses.create(body as unknown as ResponseCreateParamsStreaming, { signal }),
    );
  }

  /** Continues a background response after the event with this sequence number. */
  resume(responseId: string, after: number | undefined, signal: AbortSignal) {
    const from = after === undefined ? {} : { starting_after: after };
    return this.#stream(() => this.#client.responses.retrieve(responseId, { stream: true, ...from }, { signal }));
  }

  async *#stream(open: () => Promise<AsyncIterable<ResponseStreamEvent>>): AsyncGenerator<ResponseStreamEvent> {
    try {
      yield* await open();
    } catch (error) {
      throw classify(error);
    }
  }
}

function classify(error: unknown): unknown {
  if (error instanceof APIUserAbortError) return error;
  if (error instanceof APIConnectionError)
    return new ProviderError("lost", "the link to the model broke", undefined, error);
  if (error instanceof APIError && typeof error.status === "number") {
    const message = `the model server answered ${error.status}: ${error.message.slice(0, 500)}`;
    const retry = error.status === 408 || error.status === 409 || error.status === 429 || error.status >= 500;
    return new ProviderError(retry ? "refused" : "terminal", message, retryAfter(error), error);
  }
  return new ProviderError("lost", "the model's answer broke off", undefined, error);
}

/** RFC 9110, Retry-After: seconds, or a date. */
function retryAfter(error: APIError): number | undefined {
  const text = error.headers?.get("retry-after");
  if (!text) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 120_000) : undefined;
}
