import {
  type CallOptions,
  type ChannelCredentials,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import type { Address } from "./address.ts";
import { RpcError } from "./errors.ts";
import "./grpc-log.ts";
import { traceCalls } from "./grpc-tracing.ts";

type Constructor<C> = new (address: string, creds: ChannelCredentials, options?: Partial<ClientOptions>) => C;

/**
 * A client for one address. The channel reconnects by itself; calls are never repeated here, because only the caller knows
 * under which key an act may be asked for again. A call made while the server is away fails at once with UNAVAILABLE,
 * unless it sets {@link RpcOptions.waitForReady}.
 */
export function connect<C>(client: Constructor<C>, address: Address): C {
  return new client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": 64 << 20,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.enable_retries": 0,
    interceptors: [traceCalls],
  });
}

export interface RpcOptions {
  /** Milliseconds after which the call fails with DEADLINE_EXCEEDED. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Wait, up to the deadline, while the server is away, instead of failing with UNAVAILABLE at once. */
  readonly waitForReady?: boolean;
}

type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: CallOptions,
  done: (error: ServiceError | null, value: R) => void,
) => { cancel(): void };

/** Calls a unary method: `await rpc(client.getRun.bind(client), { runId })`. Throws {@link RpcError}. */
export function rpc<Q, R>(method: Unary<Q, R>, request: Q, options: RpcOptions = {}): Promise<R> {
  return new Promise((resolve, reject) => {
    const call = method(request, callMetadata(options), callOptions(options), (error, value) => {
      options.signal?.removeEventListener("abort", cancel);
      if (error === null) resolve(value);
      else reject(RpcError.from(error));
    });
    const cancel = () => call.cancel();
    if (options.signal?.aborted) cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
  });
}

/** Options of a call with a deadline; streams take them too. */
export function callOptions(options: RpcOptions): CallOptions {
  return { deadline: Date.now() + (options.timeoutMs ?? 30_000) };
}

/** Metadata of a call; streams take it too. */
export function callMetadata(options: Pick<RpcOptions, "waitForReady">): Metadata {
  return new Metadata({ waitForReady: options.waitForReady === true });
}

/** Reads a server stream as values; grpc errors become {@link RpcError}; leaving the loop cancels the call. */
export async function* readStream<R>(
  call: AsyncIterable<R> & { cancel(): void },
  signal?: AbortSignal,
): AsyncGenerator<R> {
  const cancel = () => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  let ended = false;
  try {
    for await (const item of call) yield item;
    ended = true;
  } catch (error) {
    ended = true;
    throw RpcError.from(error);
  } finally {
    signal?.removeEventListener("abort", cancel);
    if (!ended) call.cancel();
  }
}
