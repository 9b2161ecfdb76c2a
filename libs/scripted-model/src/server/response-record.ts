import type {
  Response,
  ResponseOutputItem,
  ResponseStreamEvent,
  ResponseUsage,
} from "openai/resources/responses/responses";
import type { UnnumberedEvent } from "../api/response-events.ts";
import type { ModelRequest } from "../api/request.ts";

/** How a response ends. */
export type Ending =
  | { readonly status: "completed"; readonly output: readonly ResponseOutputItem[]; readonly usage: ResponseUsage }
  | { readonly status: "failed"; readonly message: string }
  | { readonly status: "cancelled" };

export const isFinal = (status: Response["status"]): boolean => status !== "queued" && status !== "in_progress";

/** One response: its events so far, and whoever waits for the next. Events are only ever added. */
export class ResponseRecord {
  readonly request: ModelRequest;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly events: ResponseStreamEvent[] = [];
  /** Aborted when the response is cancelled. */
  readonly abort = new AbortController();
  response: Response;
  #changed = Promise.withResolvers<void>();

  constructor(id: string, digest: string, request: ModelRequest, createdAtSeconds: number, sizeBytes: number) {
    this.request = request;
    this.sizeBytes = sizeBytes;
    this.digest = digest;
    this.response = initial(id, request, createdAtSeconds);
  }

  get final(): boolean {
    return isFinal(this.response.status);
  }

  /** Numbers the event and wakes those who wait. */
  add(event: UnnumberedEvent): void {
    this.events.push({ ...event, sequence_number: this.events.length });
    this.#wake();
  }

  start(): void {
    this.add({ type: "response.created", response: this.response });
    if (this.request.background) this.add({ type: "response.queued", response: this.response });
    this.response = { ...this.response, status: "in_progress" };
    this.add({ type: "response.in_progress", response: this.response });
  }

  /** The first ending counts. */
  end(ending: Ending, nowSeconds: number): void {
    if (this.final) return;
    switch (ending.status) {
      case "completed": {
        const { output, usage } = ending;
        this.response = { ...this.response, status: "completed", completed_at: nowSeconds, output: [...output], usage };
        this.add({ type: "response.completed", response: this.response });
        return;
      }
      case "failed":
        this.response = {
          ...this.response,
          status: "failed",
          error: { code: "server_error", message: ending.message },
        };
        this.add({ type: "response.failed", response: this.response });
        return;
      case "cancelled":
        this.response = { ...this.response, status: "cancelled" };
        this.abort.abort();
        this.#wake();
    }
  }

  /** Events after a number, then each new one as it comes, until the response has ended. */
  async *follow(startingAfter: number, signal: AbortSignal): AsyncGenerator<ResponseStreamEvent> {
    let next = startingAfter + 1;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    while (!signal.aborted) {
      const event = this.events[next];
      if (event !== undefined) {
        next += 1;
        yield event;
      } else if (this.final) return;
      else await Promise.race([this.#changed.promise, aborted]);
    }
  }

  /** Resolves when the response has ended. */
  async ended(): Promise<Response> {
    while (!this.final) await this.#changed.promise;
    return this.response;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** What comes over the wire: `output_text` is added by the client. */
type WireResponse = Omit<Response, "output_text" | "access_programs">;

function initial(id: string, request: ModelRequest, created_at: number): Response {
  const { body } = request;
  const response: WireResponse = {
    id,
    object: "response",
    created_at,
    status: request.background ? "queued" : "in_progress",
    background: request.background,
    error: null,
    incomplete_details: null,
    instructions: request.instructions,
    max_output_tokens: numberOr(body["max_output_tokens"], null),
    metadata: { ...request.metadata },
    model: request.model,
    output: [],
    parallel_tool_calls: body["parallel_tool_calls"] !== false,
    previous_response_id: request.previousResponseId,
    reasoning: { effort: null, summary: null },
    temperature: numberOr(body["temperature"], 1),
    text: { format: { type: "text" } },
    // Tools and choice are echoed as they were sent.
    tool_choice: (body["tool_choice"] ?? "auto") as Response["tool_choice"],
    tools: request.tools as unknown as Response["tools"],
    top_p: numberOr(body["top_p"], 1),
    truncation: "disabled",
  };
  return response as Response;
}

const numberOr = <T>(value: unknown, otherwise: T): number | T => (typeof value === "number" ? value : otherwise);
