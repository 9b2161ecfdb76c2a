import { setTimeout as sleep } from "node:timers/promises";
import { type events, harness } from "@cofferdam/contracts";
import { type Logger, RpcError } from "@cofferdam/service";
import type { BlobStore } from "@cofferdam/storage";
import type { ModelConfig } from "../../domain/model-config.ts";
import { patientBlobs, patiently } from "../patience.ts";
import { Broadcast } from "./broadcast.ts";
import type { CallJournal } from "./journal.ts";
import { Provider, ProviderError, type ResponseStreamEvent } from "./provider.ts";
import { RequestResolver } from "./request-resolver.ts";

export interface CallServiceDeps {
  readonly journal: CallJournal;
  readonly blobs: BlobStore;
  /** Absent: every call is refused. */
  readonly model: ModelConfig | undefined;
  readonly logger: Logger;
}

/** How long calls under way may take to end when the service closes. */
const LANDING_MS = 2_000;

type Flight = Broadcast<harness.CallResponse>;

/**
 * Model calls, single flight per call id. A call belongs to the service, not to who asked: it goes on when the asker
 * dies, its answer is stored before it is returned, and with background responses it survives the service too.
 */
export class CallService {
  readonly #deps: CallServiceDeps;
  readonly #provider: Provider | undefined;
  readonly #requests: RequestResolver;
  readonly #flights = new Map<string, Flight>();
  readonly #flying = new Set<Promise<void>>();
  readonly #stop = new AbortController();

  constructor(deps: CallServiceDeps) {
    this.#deps = { ...deps, blobs: patientBlobs(deps.blobs, this.#stop.signal) };
    this.#provider = deps.model === undefined ? undefined : new Provider(deps.model);
    this.#requests = new RequestResolver(deps.blobs);
  }

  fence(team: string, log: string, epoch: number): void {
    const highest = this.#deps.journal.fence(`${team}/${log}`, epoch);
    if (epoch >= highest) return;
    throw new RpcError({
      status: "FAILED_PRECONDITION",
      reason: "FENCED",
      message: `epoch ${epoch} of log ${log} is over: epoch ${highest} has been seen`,
      mend: "stop; another worker owns the log",
      metadata: { log },
    });
  }

  call(request: harness.CallRequest): AsyncIterable<harness.CallResponse> {
    this.fence(request.team, request.log, request.epoch);
    const { journal } = this.#deps;
    const link = request.request;
    if (link === undefined) throw invalid("request is missing");
    const id = `${request.team}/${request.callId}`;
    journal.create(id, link.digest);
    const record = journal.get(id);
    if (record !== undefined && record.requestDigest !== link.digest) {
      throw invalid(`call ${request.callId} was made with another request`);
    }
    if (record?.outcome !== undefined) return answered(record.outcome);
    const running = this.#flights.get(id);
    if (running !== undefined) return running.subscribe();
    const flight: Flight = new Broadcast();
    this.#flights.set(id, flight);
    const flying = this.#fly(id, link, flight).finally(() => {
      this.#flights.delete(id);
      this.#flying.delete(flying);
    });
    this.#flying.add(flying);
    return flight.subscribe();
  }

  /**
   * Lets calls end for a moment, so that an answer on its way is kept, then stops reading; calls in the background go on at
   * the provider and are picked up by the next service.
   */
  async close(): Promise<void> {
    const landed = Promise.allSettled(this.#flying);
    const patience = new AbortController();
    await Promise.race([landed, sleep(LANDING_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    this.#stop.abort();
    await landed;
  }

  async #fly(id: string, link: events.BlobRef, flight: Flight): Promise<void> {
    const started = performance.now();
    try {
      const response = await this.#complete(id, link, flight);
      const stored = await this.#deps.blobs.put(Buffer.from(JSON.stringify(response)), "application/json");
      const outcome: harness.CallOutcome = {
        responseId: response.id,
        response: stored,
        usage: usageOf(response),
        durationMs: Math.round(performance.now() - started),
        sends: this.#deps.journal.get(id)?.sends ?? 1,
      };
      await this.#written(() => this.#deps.journal.finish(id, outcome));
      flight.end({ response: { $case: "outcome", value: outcome } });
    } catch (error) {
      if (!(error instanceof RpcError)) this.#deps.logger.error({ err: error, call: id }, "model call failed");
      flight.fail(error);
    }
  }

  /** One retry layer: refused requests are sent again, broken links are taken up where the provider allows it. */
  async #complete(id: string, link: events.BlobRef, flight: Flight): Promise<FinalResponse> {
    const { journal, model, logger } = this.#deps;
    const provider = this.#provider;
    if (model === undefined || provider === undefined) throw noModel();
    for (let attempt = 0; ; attempt++) {
      const known = journal.get(id)?.responseId ?? "";
      try {
        if (known !== "" && model.background) {
          return await this.#read(id, provider.resume(known, undefined, this.#stop.signal), flight);
        }
        const { head, input } = await this.#requests.resolve(link);
        await this.#written(() => journal.sending(id, model));
        return await this.#read(id, provider.create(id, head, input, this.#stop.signal), flight);
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        if (error.kind !== "lost" && (journal.get(id)?.responseId ?? "") === "") journal.refused(id);
        const forgotten = error.kind === "terminal" && known !== "";
        if ((error.kind === "terminal" && !forgotten) || attempt >= model.maxRetries) throw rejected(error);
        if (forgotten) journal.forgotten(id);
        const pause = error.retryAfterMs ?? Math.min(250 * 2 ** attempt, 15_000) * (0.5 + Math.random() / 2);
        logger.warn({ call: id, attempt, pauseMs: Math.round(pause), problem: error.message }, "model call again");
        await sleep(pause, undefined, { signal: this.#stop.signal });
      }
    }
  }

  async #read(id: string, stream: AsyncIterable<ResponseStreamEvent>, flight: Flight): Promise<FinalResponse> {
    const { journal, model } = this.#deps;
    for await (const event of stream) {
      switch (event.type) {
        case "response.created":
          if (journal.get(id)?.responseId === "")
            journal.accepted(id, event.response.id, { fetched: model?.background === true });
          break;
        case "response.output_text.delta":
          flight.send({ response: { $case: "delta", value: event.delta } });
          break;
        case "response.completed":
        case "response.incomplete":
          return event.response;
        case "response.failed":
          throw this.#failed(event.response.error);
        default:
      }
    }
    throw new ProviderError("lost", "the model's answer ended before it was complete");
  }

  /** A full disk must not lose an answer that is paid for, nor send what could not be noted. */
  #written(write: () => void): Promise<void> {
    return patiently(async () => write(), this.#stop.signal);
  }

  #failed(error: { code?: string; message?: string } | null): RpcError {
    const words = this.#provider?.shown(error?.message ?? "") ?? "";
    return new RpcError({
      status: "ABORTED",
      reason: "MODEL_FAILED",
      message: `the model failed: ${error?.code ?? "unknown"}: ${words}`,
    });
  }
}

type FinalResponse = Extract<ResponseStreamEvent, { type: "response.completed" }>["response"];

async function* answered(value: harness.CallOutcome): AsyncGenerator<harness.CallResponse> {
  yield { response: { $case: "outcome", value } };
}

function usageOf({ usage }: FinalResponse): events.Usage {
  return {
    inputTokens: usage?.input_tokens ?? 0,
    cachedInputTokens: usage?.input_tokens_details?.cached_tokens ?? 0,
    outputTokens: usage?.output_tokens ?? 0,
    modelCalls: 1,
    toolCalls: 0,
  };
}

const invalid = (message: string): RpcError =>
  new RpcError({ status: "INVALID_ARGUMENT", reason: "INVALID_CALL", message });

const noModel = (): RpcError =>
  new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "MODEL_KEY_MISSING",
    message: "the call service has neither a model key nor a scripted model server",
    mend: "set OPENAI_API_KEY where the role calls runs",
  });

const rejected = (error: ProviderError): RpcError =>
  new RpcError({
    status: error.kind === "terminal" ? "FAILED_PRECONDITION" : "UNAVAILABLE",
    reason: error.kind === "terminal" ? "MODEL_REJECTED" : "MODEL_UNAVAILABLE",
    message: error.message,
    mend:
      error.kind === "terminal"
        ? "check the model's name, the key and what the model supports"
        : "check that the model server is reachable; the run can be started again",
    cause: error,
  });
